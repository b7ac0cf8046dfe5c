import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from services.web.gateway import (
    ApiRefusalError,
    ApiUnreachableError,
    Gateway,
    path_of,
)
from services.web.settings import WebSettings
from tests.fixtures.page import WEB_ADMIN_KEY, WEB_KEY, api_problem

Handler = Callable[[httpx.Request], httpx.Response]


def run(
    handler: Handler, work: Callable[[Gateway], Any], *, settings: WebSettings | None = None
) -> Any:
    chosen = settings or WebSettings(api_key=WEB_KEY, admin_api_key=WEB_ADMIN_KEY)

    async def main() -> Any:
        gateway = Gateway(chosen, transport=httpx.MockTransport(handler))
        try:
            return await work(gateway)
        finally:
            await gateway.close()

    return asyncio.run(main())


def test_each_call_carries_the_key_that_it_may_use() -> None:
    keys = []

    def handler(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    run(handler, lambda gateway: gateway.get("/v1/jobs"))
    run(handler, lambda gateway: gateway.post("/v1/models/rollback", admin=True))
    assert keys == [f"Bearer {WEB_KEY}", f"Bearer {WEB_ADMIN_KEY}"]


def test_the_bucket_never_sees_a_key() -> None:
    async def body() -> Any:
        yield b"ab"

    def handler(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        assert request.headers["content-length"] == "2"
        return httpx.Response(200)

    run(handler, lambda gateway: gateway.put("http://bucket.test/x?sig=1", body(), size=2))


def test_a_problem_is_read_whole() -> None:
    with pytest.raises(ApiRefusalError) as caught:
        run(
            lambda _request: api_problem(429, "rate-limited", **{"Retry-After": "7"}),
            lambda gateway: gateway.get("/v1/jobs"),
        )
    error = caught.value
    assert (error.status, error.code, error.request_id) == (429, "rate-limited", "req_7")
    assert (error.retry_after, str(error)) == (7.0, "It is rate-limited.")


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"[1]", b""])
def test_an_error_that_is_no_problem_has_a_code_too(body: bytes) -> None:
    with pytest.raises(ApiRefusalError, match="502") as caught:
        run(
            lambda _request: httpx.Response(502, content=body),
            lambda gateway: gateway.get("/v1/jobs"),
        )
    assert caught.value.code == "http-502"


def test_silence_is_told_without_a_word_of_the_library() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"Illegal header value b'Bearer {WEB_KEY}'", request=request)

    async def body() -> Any:
        yield b"ab"

    for work in (
        lambda gateway: gateway.get("/v1/jobs"),
        lambda gateway: gateway.put("http://bucket.test/x?sig=1", body(), size=2),
    ):
        with pytest.raises(ApiUnreachableError, match=r"No answer .*\(ConnectError\)") as caught:
            run(handler, work)
        assert "Illegal" not in caught.value.detail


class TestBrokenConnections:
    """The API closes idle connections, and one may be that on which a request is just sent."""

    BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)

    @pytest.mark.parametrize("kind", BROKEN)
    def test_reading_is_tried_anew(self, kind: type[httpx.TransportError]) -> None:
        answers = iter([kind("Server disconnected"), httpx.Response(200, json={"id": "1"})])
        assert run(self.taking(answers), lambda gateway: gateway.get("/v1/jobs")) == {"id": "1"}

    def test_only_once(self) -> None:
        answers = iter([httpx.ReadError(""), httpx.RemoteProtocolError(""), httpx.Response(200)])
        with pytest.raises(ApiUnreachableError, match="RemoteProtocolError"):
            run(self.taking(answers), lambda gateway: gateway.get("/v1/jobs"))

    @pytest.mark.parametrize("call", ["post", "delete"])
    def test_what_may_have_been_done_is_not_done_twice(self, call: str) -> None:
        answers = iter([httpx.RemoteProtocolError("Server disconnected"), httpx.Response(200)])
        with pytest.raises(ApiUnreachableError, match="RemoteProtocolError"):
            run(self.taking(answers), lambda gateway: getattr(gateway, call)("/v1/jobs"))

    @staticmethod
    def taking(answers: Iterator[httpx.Response | httpx.TransportError]) -> Handler:
        def handler(_request: httpx.Request) -> httpx.Response:
            if isinstance(answer := next(answers), httpx.Response):
                return answer
            raise answer

        return handler


@pytest.mark.parametrize("end", ["\n", "\r\n", " "])
def test_keys_that_are_read_from_a_file_work(end: str) -> None:
    keys = []

    def handler(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    settings = WebSettings(api_key=WEB_KEY + end, admin_api_key=WEB_ADMIN_KEY + end)
    run(handler, lambda gateway: gateway.get("/v1/jobs"), settings=settings)
    run(handler, lambda gateway: gateway.post("/v1/models", admin=True), settings=settings)
    assert keys == [f"Bearer {WEB_KEY}", f"Bearer {WEB_ADMIN_KEY}"]


def test_something_else_at_the_address_is_told() -> None:
    with pytest.raises(ApiUnreachableError, match="HFER_WEB__API_URL"):
        run(lambda _r: httpx.Response(200, text="hello"), lambda gateway: gateway.get("/v1/jobs"))


def test_a_picture_is_asked_for_again_while_the_service_is_busy() -> None:
    answers = [api_problem(503, "overloaded", **{"Retry-After": "0"})] * 2
    answers.append(httpx.Response(200, content=b"jpeg", headers={"Content-Type": "image/jpeg"}))
    busy = iter(answers)
    found = run(lambda _request: next(busy), lambda gateway: gateway.picture("/v1/x"))
    assert found == (b"jpeg", "image/jpeg")


def test_a_service_that_stays_busy_is_told() -> None:
    with pytest.raises(ApiRefusalError, match="overloaded"):
        run(
            lambda _request: api_problem(503, "overloaded", **{"Retry-After": "0"}),
            lambda gateway: gateway.picture("/v1/x"),
        )


def test_what_a_browser_sends_stays_one_part_of_a_path() -> None:
    assert path_of("jobs", "../models", "items") == "/v1/jobs/..%2Fmodels/items"
    assert path_of("jobs", "a?b#c") == "/v1/jobs/a%3Fb%23c"
