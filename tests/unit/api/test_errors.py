"""Exceptions to problems, through the real handlers but without a socket."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse

from services.api.errors import ApiError, invalid_field, register_error_handlers
from services.api.middleware import BodyLimitMiddleware, RequestContextMiddleware
from services.api.problems import FieldError, ProblemCode
from services.common.domain.errors import (
    BundleError,
    JobError,
    JobErrorCode,
    TransientError,
)
from services.common.domain.tenants import LimitExceededError
from services.common.registry.errors import (
    CanaryIsActiveError,
    ModelVersionTakenError,
    ModelWorseError,
    NothingToRollBackError,
)
from services.common.storage import ObjectMissingError
from services.common.telemetry import Metrics, NoTracing

LIMIT = 100


class Body(BaseModel):
    count: int


def build() -> tuple[FastAPI, Metrics]:
    app, metrics = FastAPI(), Metrics()
    register_error_handlers(app, metrics=metrics)
    app.add_middleware(BodyLimitMiddleware, limit_of=lambda _method, _path: LIMIT)
    app.add_middleware(RequestContextMiddleware, metrics=metrics, tracing=NoTracing())

    @app.post("/body")
    def take(body: Body, size: Annotated[int, Query(ge=1)] = 1) -> int:
        return body.count + size

    @app.post("/stream")
    async def count(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    return app, metrics


def call(app: FastAPI, method: str = "GET", path: str = "/", **kwargs: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.request(method, path, **kwargs)

    return asyncio.run(run())


def raising(error: Exception) -> httpx.Response:
    app, _ = build()

    @app.get("/raise")
    def fail() -> None:
        raise error

    return call(app, path="/raise")


def db_error(kind: type[Exception]) -> Exception:
    make: Callable[..., Exception] = kind
    return make("SELECT secret", {}, Exception("driver: host db.internal"))


class TestDomainErrors:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (JobError(JobErrorCode.NOT_FOUND, "no"), 404, "not-found"),
            (JobError(JobErrorCode.GONE, "no"), 410, "gone"),
            (JobError(JobErrorCode.JOB_FINAL, "no"), 409, "job-final"),
            (JobError(JobErrorCode.IDEMPOTENCY_IN_PROGRESS, "no"), 409, "idempotency-in-progress"),
            (LimitExceededError("no", name="open_photos", limit=1, used=1), 429, "rate-limited"),
            (TransientError("no"), 503, "overloaded"),
            (ApiError(ProblemCode.NOT_ACCEPTABLE, "no"), 406, "not-acceptable"),
            (db_error(OperationalError), 503, "overloaded"),
            (db_error(InterfaceError), 503, "overloaded"),
            (PoolTimeoutError("pool"), 503, "overloaded"),
            (ClientDisconnect(), 400, "invalid-request"),
            (BundleError("no"), 422, "bundle-refused"),
            (ModelWorseError("no"), 409, "model-worse"),
            (ModelVersionTakenError("no"), 409, "model-version-taken"),
            (NothingToRollBackError("no"), 409, "nothing-to-roll-back"),
            (CanaryIsActiveError("no"), 409, "canary-is-active"),
            (ObjectMissingError("a path /srv/x"), 500, "internal"),
            (RuntimeError("a secret"), 500, "internal"),
            (KeyError("a secret"), 500, "internal"),
        ],
    )
    def test_become_problems(self, error: Exception, status: int, code: str) -> None:
        response = raising(error)
        body = response.json()
        assert (response.status_code, body["code"]) == (status, code)
        assert response.headers["content-type"] == "application/problem+json"
        assert body["request_id"] == response.headers["x-request-id"]
        assert "secret" not in response.text
        assert "internal" not in body["detail"]
        assert "/srv" not in response.text
        if status in {429, 503}:
            assert response.headers["retry-after"]

    def test_carry_faults_limit_and_headers(self) -> None:
        error = ApiError(
            ProblemCode.PAYLOAD_TOO_LARGE,
            "no",
            errors=[FieldError(pointer="#/a", detail="b")],
            limit=7,
            headers={"Retry-After": "9"},
        )
        response = raising(error)
        assert response.json()["errors"] == [{"pointer": "#/a", "detail": "b"}]
        assert response.json()["limit"] == 7
        assert response.headers["retry-after"] == "9"

    def test_leave_out_what_they_do_not_have(self) -> None:
        body = raising(JobError(JobErrorCode.GONE, "no")).json()
        assert {"errors", "limit"}.isdisjoint(body)

    def test_invalid_field_points_at_it(self) -> None:
        assert raising(invalid_field("#/query/cursor", "no")).json()["errors"] == [
            {"pointer": "#/query/cursor", "detail": "no"}
        ]


class TestFrameworkErrors:
    def test_what_another_library_says_is_not_repeated(self) -> None:
        response = raising(StarletteHTTPException(400, "invalid boundary 'a secret'"))
        assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
        assert response.json()["detail"] == "The request cannot be read."

    @pytest.mark.parametrize(
        ("request_", "status", "code"),
        [
            ({"method": "GET", "path": "/nowhere"}, 404, "not-found"),
            ({"method": "GET", "path": "/body"}, 405, "method-not-allowed"),
            ({"method": "POST", "path": "/body", "json": {"count": "x"}}, 422, "validation"),
            (
                {
                    "method": "POST",
                    "path": "/body",
                    "content": "{",
                    "headers": {"Content-Type": "application/json"},
                },
                400,
                "invalid-request",
            ),
        ],
    )
    def test_become_problems(self, request_: dict[str, Any], status: int, code: str) -> None:
        response = call(build()[0], **request_)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.headers["content-type"] == "application/problem+json"

    def test_broken_json_is_told_with_its_place(self) -> None:
        body = {"content": '{\n  "count" 1}', "headers": {"Content-Type": "application/json"}}
        detail = call(build()[0], "POST", "/body", **body).json()["detail"]
        assert detail.endswith("at line 2 column 11.")

    def test_json_may_begin_with_a_byte_order_mark(self) -> None:
        body = {
            "content": b'\xef\xbb\xbf{"count": 1}',
            "headers": {"Content-Type": "application/json"},
        }
        assert call(build()[0], "POST", "/body", **body).json() == 2

    def test_every_fault_is_pointed_at(self) -> None:
        response = call(build()[0], "POST", "/body?size=0", json={})
        pointers = [error["pointer"] for error in response.json()["errors"]]
        assert sorted(pointers) == ["#/count", "#/query/size"]


class TestBodyLimit:
    @pytest.mark.parametrize("path", ["/body", "/stream"])
    def test_is_told_before_the_body_is_read(self, path: str) -> None:
        response = call(build()[0], "POST", path, content=b" " * (LIMIT + 1))
        assert (response.status_code, response.json()["limit"]) == (413, LIMIT)

    @pytest.mark.parametrize("path", ["/body", "/stream"])
    def test_counts_a_body_of_untold_length(self, path: str) -> None:
        async def chunks() -> Any:
            for _ in range(LIMIT + 1):
                yield b" "

        response = call(build()[0], "POST", path, content=chunks())
        assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")

    @pytest.mark.parametrize("length", ["9" * 5_000, "101"])
    def test_is_not_fooled_by_endless_digits(self, length: str) -> None:
        headers = {"Content-Length": length}
        response = call(build()[0], "POST", "/stream", content=b"x", headers=headers)
        assert response.status_code == 413

    def test_lets_a_full_body_pass(self) -> None:
        response = call(build()[0], "POST", "/stream", content=b" " * LIMIT)
        assert (response.status_code, response.json()) == (200, LIMIT)


class TestRequestContext:
    def test_breaks_the_connection_when_half_an_answer_is_out(self) -> None:
        app, metrics = build()

        def half() -> Iterator[bytes]:
            yield b"half"
            raise RuntimeError("cut")

        @app.get("/half")
        def answer() -> StreamingResponse:
            return StreamingResponse(half())

        with pytest.raises(RuntimeError, match="cut"):
            call(app, path="/half")
        counted = metrics.value(
            "hfer_http_requests_total", method="GET", route="/half", status="200"
        )
        assert counted == 1

    def test_counts_and_times_every_request(self) -> None:
        app, metrics = build()
        call(app, "POST", "/body", json={"count": 1})
        call(app, "POST", "/body", json={})
        for status in ("200", "422"):
            labels = {"method": "POST", "route": "/body", "status": status}
            assert metrics.value("hfer_http_requests_total", **labels) == 1
        spent = {"method": "POST", "route": "/body"}
        assert metrics.value("hfer_http_request_seconds_count", **spent) == 2

    def test_answers_are_not_sniffed_nor_kept(self) -> None:
        response = call(build()[0], "POST", "/body", json={"count": 1})
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert json.loads(response.content) == 2
