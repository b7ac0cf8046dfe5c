"""Webhook endpoints over HTTP: made, changed, rotated, tested, read, and kept apart by tenant."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.keys.service import Scope
from tests.fixtures.receiving import Answer, Receiver
from tests.fixtures.serving import Api, StartApi, assert_problem, files, pointers
from tests.fixtures.settings import SettingsMaker
from tests.fixtures.webhooks import KEY, StartSender, send_all

PATH = "/v1/webhook-endpoints"
URL = "https://hooks.example.org/hfer"
NOBODY = "whe_01936fd2c0a27b6e8f3a5b7c9d1e2f33"
NO_MESSAGE = "msg_01936fd2c0a27b6e8f3a5b7c9d1e2f34"


@pytest.fixture
def settings(make_settings: SettingsMaker) -> Settings:
    return make_settings(webhooks={"keys": KEY, "endpoints": 3})


def make(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"url": URL, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    return made


class TestCreate:
    def test_shows_the_secret_once_and_stores_it_encrypted(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        made = make(client, description="nightly")
        assert made["secret"].startswith("whsec_")
        shown = client.get(f"{PATH}/{made['id']}").json()
        assert "secret" not in shown
        assert shown == {name: value for name, value in made.items() if name != "secret"}
        assert client.get(PATH).json()["data"] == [shown]
        with unit_of_work(sessions) as session:
            stored = session.scalar(text("SELECT secret FROM webhook_endpoint"))
        assert made["secret"].removeprefix("whsec_").encode() not in bytes(stored)

    def test_subscribes_to_all_or_to_what_is_named(self, client: httpx.Client) -> None:
        assert len(make(client)["events"]) == 6
        named = make(client, events=["job.failed", "job.failed"])
        assert named["events"] == ["job.failed"]

    @pytest.mark.parametrize(
        "url",
        [
            "http://hooks.example.org/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.8/",
            "https://user:pw@example.org/",
            "https://example.org:22/",
            "https://2130706433/",
            "ftp://example.org/",
            "not a url",
        ],
    )
    def test_refuses_unsafe_addresses(self, client: httpx.Client, url: str) -> None:
        body = assert_problem(client.post(PATH, json={"url": url}), 422, "validation")
        assert pointers(body) == ["#/url"]

    @pytest.mark.parametrize(
        "body", [{}, {"url": URL, "events": []}, {"url": URL, "events": ["x"]}, {"url": 1}]
    )
    def test_refuses_what_is_no_endpoint(self, client: httpx.Client, body: dict[str, Any]) -> None:
        assert_problem(client.post(PATH, json=body), 422, "validation")

    def test_bounds_their_number(self, client: httpx.Client) -> None:
        for _ in range(3):
            made = make(client)
        assert_problem(client.post(PATH, json={"url": URL}), 409, "endpoint-limit")
        assert client.delete(f"{PATH}/{made['id']}").status_code == 204
        make(client)

    def test_says_so_where_webhooks_are_off(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        client = start_api(make_settings()).client()
        assert_problem(client.post(PATH, json={"url": URL}), 409, "webhooks-off")
        assert client.get(PATH).json()["data"] == []

    def test_needs_the_scope_to_write(self, api: Api) -> None:
        reader = api.client(Scope.JOBS_READ)
        assert_problem(reader.post(PATH, json={"url": URL}), 403, "insufficient-scope")
        assert reader.get(PATH).status_code == 200


class TestChange:
    def test_changes_what_is_named_and_nothing_else(self, client: httpx.Client) -> None:
        made = make(client, description="a")
        path = f"{PATH}/{made['id']}"
        changed = client.patch(path, json={"events": ["job.failed"]}).json()
        assert (changed["events"], changed["url"]) == (["job.failed"], URL)
        assert changed["description"] == "a"
        changed = client.patch(path, json={"url": f"{URL}/2", "description": None}).json()
        assert (changed["url"], changed["description"]) == (f"{URL}/2", None)

    def test_switches_off_and_on(self, client: httpx.Client) -> None:
        path = f"{PATH}/{make(client)['id']}"
        off = client.patch(path, json={"enabled": False}).json()
        assert (off["enabled"], off["disabled_reason"]) == (False, "user")
        assert off["disabled_at"]
        assert_problem(client.post(f"{path}/test"), 409, "endpoint-disabled")
        on = client.patch(path, json={"enabled": True}).json()
        assert (on["enabled"], on["disabled_reason"], on["disabled_at"]) == (True, None, None)

    @pytest.mark.parametrize("body", [{"url": "https://10.0.0.1/"}, {"enabled": None}, {"x": 1}])
    def test_refuses_nonsense(self, client: httpx.Client, body: dict[str, Any]) -> None:
        path = f"{PATH}/{make(client)['id']}"
        assert_problem(client.patch(path, json=body), 422, "validation")

    def test_rotates_the_secret(self, client: httpx.Client) -> None:
        made = make(client)
        new = client.post(f"{PATH}/{made['id']}/rotate-secret").json()
        assert new["secret"] != made["secret"]
        assert new["former_secret_until"]


class TestDeliveries:
    def test_follows_a_message_from_the_job_to_the_receiver_and_sends_it_again(
        self,
        start_api: StartApi,
        make_settings: SettingsMaker,
        receiver: Receiver,
        start_sender: StartSender,
    ) -> None:
        api = start_api(make_settings(webhooks={"keys": KEY, "allow_loopback": True}))
        client = api.client()
        made = make(client, url=receiver.url)
        job = client.post("/v1/jobs", files=files(b"")).json()  # all photos are refused at once
        listing = client.get(f"{PATH}/{made['id']}/deliveries").json()
        (pending,) = listing["data"]
        assert (pending["type"], pending["subject"]) == ("job.failed", job["id"])
        assert (pending["status"], pending["last_attempt"]) == ("pending", None)

        sender = start_sender()
        receiver.answers.append(Answer(500, body=b"oh"))
        send_all(sender)
        path = f"{PATH}/{made['id']}/deliveries/{pending['message_id']}"
        tried = client.get(path).json()
        assert (tried["status"], tried["tries"]) == ("pending", 1)
        assert (tried["last_attempt"]["status_code"], tried["last_attempt"]["body"]) == (500, "oh")
        assert tried["next_at"]

        again = client.post(f"{path}/redeliver")
        assert (again.status_code, again.json()["tries"]) == (202, 0)
        send_all(sender)
        done = client.get(path).json()
        assert (done["status"], done["next_at"]) == ("delivered", None)
        assert [attempt["result"] for attempt in done["attempts"]] == ["refused", "delivered"]
        assert client.post(f"{path}/redeliver").status_code == 202
        send_all(sender)
        assert receiver.counts == {pending["message_id"]: 3}

    def test_sends_a_test_to_one_endpoint_alone(self, client: httpx.Client) -> None:
        made, other = make(client), make(client)
        answer = client.post(f"{PATH}/{made['id']}/test")
        assert answer.status_code == 202
        assert answer.json()["type"] == "endpoint.test"
        assert answer.json()["subject"] == made["id"]
        assert client.get(f"{PATH}/{other['id']}/deliveries").json()["data"] == []
        failed = client.get(f"{PATH}/{made['id']}/deliveries", params={"status": "failed"})
        assert failed.json()["data"] == []

    def test_pages(self, client: httpx.Client) -> None:
        path = f"{PATH}/{make(client)['id']}"
        sent = [client.post(f"{path}/test").json()["message_id"] for _ in range(5)]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
            page = client.get(f"{path}/deliveries", params=query).json()
            seen += [entry["message_id"] for entry in page["data"]]
            cursor = page["next_cursor"]
        assert seen == sent[::-1]


class TestTenants:
    def test_what_is_anothers_is_not_found(self, api: Api, client: httpx.Client) -> None:
        mine = f"{PATH}/{make(client)['id']}"
        message = client.post(f"{mine}/test").json()["message_id"]
        stranger = api.client(tenant="other")
        theirs = f"{PATH}/{make(stranger)['id']}"
        calls: list[Callable[[], httpx.Response]] = [
            lambda: stranger.get(mine),
            lambda: stranger.patch(mine, json={"enabled": False}),
            lambda: stranger.delete(mine),
            lambda: stranger.post(f"{mine}/rotate-secret"),
            lambda: stranger.post(f"{mine}/test"),
            lambda: stranger.get(f"{mine}/deliveries"),
            lambda: stranger.get(f"{mine}/deliveries/{message}"),
            lambda: stranger.get(f"{theirs}/deliveries/{message}"),
            lambda: stranger.post(f"{theirs}/deliveries/{message}/redeliver"),
            lambda: stranger.get(f"{PATH}/{NOBODY}"),
            lambda: stranger.get(f"{PATH}/no-id"),
            lambda: stranger.get(f"{theirs}/deliveries/{NO_MESSAGE}"),
        ]
        for call in calls:
            assert_problem(call(), 404, "not-found")
        assert len(stranger.get(PATH).json()["data"]) == 1
        assert client.get(mine).json()["enabled"]
