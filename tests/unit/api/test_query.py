"""Query parameters that nobody knows: a slip is refused, the rest is ignored and named."""

import asyncio
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Query

from services.api.errors import register_error_handlers
from services.api.middleware import RequestContextMiddleware
from services.api.query import check_query, nearest, takes_family
from services.common.telemetry import Metrics, NoTracing

KNOWN = {"status", "client_ref", "created_after", "created_before", "limit", "cursor", "min_p"}


class TestNearest:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("state", "status"),
            ("Status", "status"),
            ("createdAfter", "created_after"),
            ("created-before", "created_before"),
            ("min-p", "min_p"),
            ("minp", "min_p"),
            ("cursors", "cursor"),
            ("limt", "limit"),
            ("label", "label.<name>"),
            ("labels", "label.<name>"),
            ("label_album", "label.<name>"),
            ("label[album]", "label.<name>"),
        ],
    )
    def test_finds_what_was_meant(self, name: str, meant: str) -> None:
        assert nearest(name, KNOWN, ("label.",)) == meant

    @pytest.mark.parametrize("name", ["utm_source", "_", "v", "page", "access_token", "", "日本"])
    def test_leaves_alone_what_is_like_none(self, name: str) -> None:
        assert nearest(name, KNOWN, ("label.",)) is None

    def test_has_nothing_to_offer_where_nothing_is_known(self) -> None:
        assert nearest("status", ()) is None


def get(path: str, **request: Any) -> httpx.Response:
    app, metrics = FastAPI(), Metrics()

    @app.get("/things", dependencies=[Depends(check_query)])
    @takes_family("label.")
    def get_things(fmt: Annotated[str, Query(alias="format")] = "json") -> str:
        return fmt

    register_error_handlers(app, metrics=metrics)
    app.add_middleware(RequestContextMiddleware, metrics=metrics, tracing=NoTracing())

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.get(path, **request)

    return asyncio.run(run())


class TestCheckQuery:
    def test_a_slip_is_refused_with_a_hint(self) -> None:
        answer = get("/things?Format=csv")
        assert answer.status_code == 422
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == "#/query/Format"
        assert "did you mean 'format'?" in fault["detail"]

    def test_others_are_ignored_and_named(self) -> None:
        answer = get("/things?format=csv&utm_source=x&v=1&v=2&a%0d%0aSet-Cookie:%20b=c")
        assert answer.json() == "csv"
        assert answer.headers["ignored-parameters"] == "utm_source, v, a%0D%0ASet-Cookie%3A%20b"
        assert "set-cookie" not in answer.headers

    def test_few_of_many_are_named(self) -> None:
        answer = get("/things", params={f"_{number}" + "x" * 500: "" for number in range(50)})
        assert len(answer.headers["ignored-parameters"]) < 1_100

    def test_more_than_anybody_sends_are_refused_and_fifty_compared(self) -> None:
        answer = get("/things", params={f"_{number}": "" for number in range(2_000)})
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) <= 50

    def test_known_ones_are_neither(self) -> None:
        answer = get("/things?format=csv&label.album=x")
        assert answer.status_code == 200
        assert "ignored-parameters" not in answer.headers

    def test_whoever_wants_it_strictly_is_refused_all(self) -> None:
        strict = {"Prefer": "wait=3, handling=strict"}
        answer = get("/things?utm_source=x&v=1", headers=strict)
        assert answer.status_code == 422
        pointers = [fault["pointer"] for fault in answer.json()["errors"]]
        assert pointers == ["#/query/utm_source", "#/query/v"]
        fine = get("/things?format=csv", headers=strict)
        assert (fine.json(), fine.headers["preference-applied"]) == ("csv", "handling=strict")
