"""Under which address a request is seen, and whom that is believed."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import IPvAnyNetwork, TypeAdapter

from services.api.address import AddressMiddleware, base_of, own_path

PROXY, STRANGER = "10.1.2.3", "192.0.2.7"
NETWORKS = TypeAdapter(tuple[IPvAnyNetwork, ...])
FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "hfer.example.org",
    "X-Forwarded-Prefix": "/faces",
    "X-Forwarded-For": f"{STRANGER}, 10.9.9.9",
}


def build(public_base: str = "", trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> FastAPI:
    app = FastAPI()
    app.state.public_base = public_base

    @app.get("/v1/things")
    def things(request: Request) -> dict[str, Any]:
        assert request.client is not None
        return {
            "url": str(request.url),
            "base": base_of(request),
            "own": own_path(request.scope),
            "client": request.client.host,
        }

    app.add_middleware(
        AddressMiddleware,
        public_base=public_base,
        trusted_proxies=NETWORKS.validate_python(trusted),
    )
    return app


def ask(
    app: FastAPI,
    path: str = "/v1/things",
    *,
    sender: str = PROXY,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(sender, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://inside:8000") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(run())


class TestForwarded:
    def test_a_trusted_proxy_tells_how_it_was_reached(self) -> None:
        assert ask(build(), headers=FORWARDED).json() == {
            "url": "https://hfer.example.org/faces/v1/things",
            "base": "/faces",
            "own": "/v1/things",
            "client": STRANGER,
        }

    def test_a_proxy_may_leave_the_prefix_on_the_path(self) -> None:
        answer = ask(build(), "/faces/v1/things", headers=FORWARDED).json()
        assert answer["url"] == "https://hfer.example.org/faces/v1/things"
        assert answer["own"] == "/v1/things"

    @pytest.mark.parametrize(
        ("sender", "trusted"),
        [(STRANGER, ("10.0.0.0/8",)), (PROXY, ()), ("127.0.0.1", ())],
    )
    def test_nobody_else_is_believed(self, sender: str, trusted: tuple[str, ...]) -> None:
        assert ask(build(trusted=trusted), sender=sender, headers=FORWARDED).json() == {
            "url": "http://inside:8000/v1/things",
            "base": "",
            "own": "/v1/things",
            "client": sender,
        }

    @pytest.mark.parametrize(
        "prefix", ["//evil.example", "/a//b", "/a/../b c", "faces", "/faces, /b", "/\\evil"]
    )
    def test_a_prefix_that_leads_elsewhere_is_none(self, prefix: str) -> None:
        assert ask(build(), headers={"X-Forwarded-Prefix": prefix}).json()["base"] == ""

    @pytest.mark.parametrize("host", ["a.example, b.example", "a.example/x", "user@a.example", ""])
    def test_a_host_that_is_none_changes_nothing(self, host: str) -> None:
        answer = ask(build(), headers={"X-Forwarded-Host": host}).json()
        assert answer["url"] == "http://inside:8000/v1/things"

    def test_a_header_that_comes_twice_changes_nothing(self) -> None:
        twice = [("X-Forwarded-Prefix", "/mine"), ("X-Forwarded-Prefix", "/faces")]
        assert ask(build(), headers=twice).json()["base"] == ""

    def test_rfc_7239_is_not_read(self) -> None:
        headers = {"Forwarded": "for=192.0.2.1;host=evil.example;proto=https"}
        assert ask(build(), headers=headers).json()["url"] == "http://inside:8000/v1/things"


class TestPublicUrl:
    @pytest.mark.parametrize("path", ["/v1/things", "/hfer/v1/things"])
    def test_is_the_address_of_every_request(self, path: str) -> None:
        app = build("https://example.org/hfer")
        assert ask(app, path, headers=FORWARDED).json() == {
            "url": "https://example.org/hfer/v1/things",
            "base": "https://example.org/hfer",
            "own": "/v1/things",
            "client": STRANGER,
        }

    def test_redirects_lead_there(self) -> None:
        answer = ask(build("https://example.org/hfer"), "/v1/things/")
        assert answer.status_code == 307
        assert answer.headers["location"] == "https://example.org/hfer/v1/things"

    def test_a_prefix_alone_is_no_page_of_ours(self) -> None:
        assert ask(build("https://example.org/hfer"), "/hfer").status_code == 404

    def test_a_path_that_only_begins_like_the_prefix_is_not_below_it(self) -> None:
        assert ask(build("https://example.org/v"), "/v1/things").status_code == 200


def test_redirects_obey_what_is_forwarded() -> None:
    answer = ask(build(), "/v1/things/", headers=FORWARDED)
    assert answer.headers["location"] == "https://hfer.example.org/faces/v1/things"
