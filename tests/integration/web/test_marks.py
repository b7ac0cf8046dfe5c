"""What the page asks the API to keep, by the page's own client before a real API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from services.common.keys.service import Scope
from services.web.gateway import ApiRefusalError, Gateway
from services.web.marks import ApiMarks, MarkKind
from services.web.settings import WebSettings
from tests.fixtures.serving import Api, assert_problem

LOGIN = MarkKind.LOGIN


@asynccontextmanager
async def marks_of(api: Api, *scopes: Scope) -> AsyncIterator[ApiMarks]:
    """What a process of the page has."""
    key = api.client(*scopes).headers["authorization"].removeprefix("Bearer ")
    gateway = Gateway(WebSettings(api_url=api.url, api_key=SecretStr(key)))
    yield ApiMarks(gateway, secret="s")
    await gateway.close()


def test_processes_of_a_page_count_together(api: Api) -> None:
    async def story() -> None:
        async with marks_of(api) as here, marks_of(api) as there:
            assert await here.add(LOGIN, "203.0.113.7", ttl_s=60) == 1
            assert await there.add(LOGIN, "203.0.113.7", ttl_s=60, expected=0) is None
            assert await there.add(LOGIN, "203.0.113.7", ttl_s=60, expected=1) == 2
            mine, other = await here.read(LOGIN, ["203.0.113.7", "203.0.113.8"])
            assert (mine.count, other.count) == (2, 0)
            assert 0 <= mine.age_s < 60
            await here.take_back(LOGIN, "203.0.113.7")
            assert (await there.read(LOGIN, ["203.0.113.7"]))[0].count == 1

    asyncio.run(story())


def test_a_key_that_only_reads_cannot_mark(api: Api) -> None:
    async def story() -> None:
        async with marks_of(api, Scope.JOBS_READ) as marks:
            with pytest.raises(ApiRefusalError) as caught:
                await marks.add(LOGIN, "a", ttl_s=60)
            assert caught.value.status == 403

    asyncio.run(story())
    assert_problem(api.anonymous().post("/v1/page/marks", json={}), 401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "login", "digest": "203.0.113.7", "ttl_s": 60},
        {"kind": "other", "digest": "0" * 64, "ttl_s": 60},
        {"kind": "login", "digest": "0" * 64, "ttl_s": 10**9},
    ],
)
def test_what_is_no_mark_is_refused(api: Api, body: dict[str, object]) -> None:
    assert_problem(api.client().post("/v1/page/marks", json=body), 422, "validation")
