"""Scripts of other origins: nobody by default, those that are named."""

import asyncio

import httpx
from fastapi import FastAPI

from services.api.app import create_app
from tests.fixtures.settings import SettingsMaker

OURS, FOREIGN = "https://album.example.org", "https://evil.example.org"
ASKED = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,idempotency-key",
}


def ask(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(run())


def test_no_origin_may_by_default(make_unit_settings: SettingsMaker) -> None:
    app = create_app(make_unit_settings())
    assert ask(app, "OPTIONS", "/v1/jobs", {"Origin": OURS, **ASKED}).status_code == 405
    answer = ask(app, "GET", "/healthz", {"Origin": OURS})
    assert "access-control-allow-origin" not in answer.headers


def test_named_origins_may_send_keys_and_read_errors(make_unit_settings: SettingsMaker) -> None:
    app = create_app(make_unit_settings(api={"cors_origins": [OURS]}))
    asked = ask(app, "OPTIONS", "/v1/jobs", {"Origin": OURS, **ASKED})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == OURS
    refused = ask(app, "GET", "/v1/jobs", {"Origin": OURS})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == OURS
    assert "Retry-After" in refused.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in refused.headers


def test_other_origins_may_not(make_unit_settings: SettingsMaker) -> None:
    app = create_app(make_unit_settings(api={"cors_origins": [OURS]}))
    assert ask(app, "OPTIONS", "/v1/jobs", {"Origin": FOREIGN, **ASKED}).status_code == 400
    answer = ask(app, "GET", "/healthz", {"Origin": FOREIGN})
    assert "access-control-allow-origin" not in answer.headers
