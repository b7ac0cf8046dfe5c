"""`/openapi.json` and `/docs` as they are served."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.api.app import create_app
from tests.fixtures.settings import DEAD, build_settings

PATH = "/openapi.json"


@pytest.fixture
def app() -> FastAPI:
    return create_app(build_settings(DEAD))


def get(app: FastAPI, *, prefix: str = "", known: str = "") -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, root_path=prefix)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(prefix + PATH, headers={"If-None-Match": known})

    return asyncio.run(asked())


def test_the_document_is_put_into_json_once(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    written, write = [], json.dumps

    def counted(value: Any, **how: Any) -> str:
        written.append(value)
        return write(value, **how)

    monkeypatch.setattr(json, "dumps", counted)
    first, second = get(app), get(app)
    assert first.json()["openapi"].startswith("3.")
    assert first.content == second.content
    assert ["openapi" in value for value in written if isinstance(value, dict)] == [True]


def test_who_has_it_is_sent_nothing(app: FastAPI) -> None:
    tag = get(app).headers["etag"]
    again = get(app, known=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert get(app, known='"other"').status_code == 200


def test_below_a_prefix_it_names_the_server_and_has_another_tag(app: FastAPI) -> None:
    plain, below = get(app), get(app, prefix="/hfer")
    assert below.json() == {**plain.json(), "servers": [{"url": "/hfer"}]}
    assert below.headers["etag"] != plain.headers["etag"]
