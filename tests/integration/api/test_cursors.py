"""What listings and streams hand out tells nobody how many rows or transactions others have."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.common.db.session import SessionFactory
from services.common.keys.service import Scope
from tests.fixtures.factories import JobMaker
from tests.fixtures.serving import Api, assert_problem
from tests.fixtures.streams import listening
from tests.fixtures.webhooks import Hooks
from tests.fixtures.working import HandWorker

# Earlier cursors, of a time and of a row's number, and of the number alone.
OLD_JOB = ["2026-11-23T07:00:00+00:00", 41]
OLD_ROW = [41]
RECEIVER = "https://receiver.example.org/hook"


def cursor_of(parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def parts_of(cursor: str) -> list[Any]:
    parts: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return parts


@pytest.fixture
def listings(api: Api, make_job: JobMaker, hooks: Hooks) -> dict[str, httpx.Client]:
    """Three rows in each listing, and who may read it."""
    client = api.client()
    for _ in range(3):
        make_job(1, tenant="default")
        hooks.endpoint(RECEIVER, tenant="default")
    hooks.announce(3, tenant="default")
    newest = client.get("/v1/webhook-endpoints?limit=1").json()["data"][0]["id"]
    deliveries = f"/v1/webhook-endpoints/{newest}/deliveries"
    readers = dict.fromkeys(("/v1/jobs", "/v1/webhook-endpoints", deliveries), client)
    admin = api.client(Scope.ADMIN)
    for number in range(2):
        body = {"tenant": "default", "name": f"k{number}", "scopes": ["jobs:read"]}
        admin.post("/v1/api-keys", json=body).raise_for_status()
    return {**readers, "/v1/api-keys": admin}


class TestListings:
    def test_no_cursor_holds_a_number(self, listings: dict[str, httpx.Client]) -> None:
        for path, client in listings.items():
            parts = parts_of(client.get(path, params={"limit": 1}).json()["next_cursor"])
            assert all(isinstance(part, str) for part in parts), (path, parts)

    def test_pages_follow_each_other(self, listings: dict[str, httpx.Client]) -> None:
        for path, client in listings.items():
            whole = client.get(path).json()["data"]
            walked, query = [], {"limit": "1"}
            while True:
                page = client.get(path, params=query).json()
                walked += page["data"]
                if page["next_cursor"] is None:
                    break
                query["cursor"] = page["next_cursor"]
            ids = [row.get("id") or row["message_id"] for row in whole]
            assert [row.get("id") or row["message_id"] for row in walked] == ids
            assert len(ids) >= 3

    def test_a_place_that_no_photo_has_is_the_end(self, api: Api, make_job: JobMaker) -> None:
        make_job(2, tenant="default")
        client = api.client()
        [job] = client.get("/v1/jobs").json()["data"]
        items = f"/v1/jobs/{job['id']}/items"
        assert len(client.get(items, params={"cursor": cursor_of([0])}).json()["data"]) == 1
        for place in (2**31, 2**63 - 1):
            assert client.get(items, params={"cursor": cursor_of([place])}).json()["data"] == []

    def test_numbers_of_rows_are_refused_and_jobs_read_their_time(
        self, listings: dict[str, httpx.Client]
    ) -> None:
        for path, client in listings.items():
            old = cursor_of(OLD_JOB if path == "/v1/jobs" else OLD_ROW)
            answer = client.get(path, params={"cursor": old})
            if path == "/v1/jobs":
                assert answer.json()["data"] == []  # all of them are younger
            else:
                body = assert_problem(answer, 422, "validation")
                assert "begin with the first page" in body["errors"][0]["detail"]

    def test_what_was_erased_meanwhile_ends_no_listing(
        self, listings: dict[str, httpx.Client]
    ) -> None:
        for path in ("/v1/jobs", "/v1/webhook-endpoints"):
            client = listings[path]
            page = client.get(path, params={"limit": 1}).json()
            client.delete(f"{path}/{page['data'][0]['id']}").raise_for_status()
            rest = client.get(path, params={"cursor": page["next_cursor"]}).json()["data"]
            assert len(rest) == 2, path


class TestStreams:
    def test_no_event_holds_a_number_of_a_row_or_transaction(
        self,
        sessions: SessionFactory,
        client: httpx.Client,
        make_job: Callable[..., Any],
    ) -> None:
        worker, job = HandWorker(sessions), make_job(2, tenant="default")
        worker.claim(job.id)
        worker.finish(*job.items)
        worker.close(job.id)
        job_id = client.get("/v1/jobs").json()["data"][0]["id"]
        with listening(client, job_id) as stream:
            ids = [event.id for event in stream if event.kind == "item.finished"]
        assert all(re.fullmatch("itm_[0-9a-f]{32}", str(one)) for one in ids)
        assert len(ids) == 2
