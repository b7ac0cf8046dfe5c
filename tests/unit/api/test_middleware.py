"""HEAD in place of GET."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from services.api.errors import register_error_handlers
from services.api.middleware import HeadMiddleware, RequestContextMiddleware
from services.common.telemetry import Metrics, NoTracing


def build() -> tuple[FastAPI, Metrics, list[str]]:
    app, metrics, ended = FastAPI(), Metrics(), list[str]()
    register_error_handlers(app, metrics=metrics)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestContextMiddleware, metrics=metrics, tracing=NoTracing())

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
                await asyncio.sleep(0)
        finally:
            ended.append("stream")

    @app.get("/things/{name}")
    def thing(name: str) -> dict[str, str]:
        return {"name": name}

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(endless(), media_type="text/event-stream")

    @app.post("/only-post")
    def post() -> None: ...

    return app, metrics, ended


def ask(app: FastAPI, method: str, path: str) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await asyncio.wait_for(client.request(method, path), 30)

    return asyncio.run(run())


class TestHead:
    def test_answers_as_get_without_the_body(self) -> None:
        app, _, _ = build()
        head, get = ask(app, "HEAD", "/things/a"), ask(app, "GET", "/things/a")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type"):
            assert head.headers[name] == get.headers[name]

    def test_a_stream_ends_with_its_headers(self) -> None:
        app, _, ended = build()
        answer = ask(app, "HEAD", "/stream")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.content == b""
        assert ended == ["stream"]

    def test_is_counted_as_head_under_its_route(self) -> None:
        app, metrics, _ = build()
        ask(app, "HEAD", "/things/a")
        assert 'method="HEAD",route="/things/{name}",status="200"' in metrics.render().decode()

    @pytest.mark.parametrize("path", ["/only-post", "/nothing"])
    def test_what_has_no_get_has_no_head(self, path: str) -> None:
        app, _, _ = build()
        assert ask(app, "HEAD", path).status_code == ask(app, "GET", path).status_code >= 404

    def test_allow_names_it(self) -> None:
        app, _, _ = build()
        assert ask(app, "PUT", "/things/a").headers["allow"] == "GET, HEAD"
        assert ask(app, "PUT", "/only-post").headers["allow"] == "POST"
