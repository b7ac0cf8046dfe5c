"""What 50556b5 had begun is ended by today's service."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from hfer import webhooks
from infra.local.stack import LocalStack
from tests.e2e.upgrade.conftest import send_again
from tests.e2e.upgrade.snapshot import Facts, photo
from tests.fixtures.fleet import wait_until
from tests.fixtures.receiving import Receiver

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

# A worker's cold start included.
LIMIT_S = 120
FINAL = {"succeeded", "failed", "cancelled", "expired"}


@pytest.fixture
def user(api: httpx.Client, facts: Facts) -> Iterator[httpx.Client]:
    bearer = {"Authorization": f"Bearer {facts.keys['user']}"}
    with httpx.Client(base_url=api.base_url, headers=bearer, timeout=60, trust_env=False) as it:
        yield it


def final(user: httpx.Client, job: str) -> dict[str, Any]:
    """Wait for the end of a job and return it."""

    def ended() -> bool:
        return user.get(f"/v1/jobs/{job}").json()["status"] in FINAL

    wait_until(ended, timeout_s=LIMIT_S, what=f"the end of {job}")
    found: dict[str, Any] = user.get(f"/v1/jobs/{job}").json()
    return found


def test_a_repeated_request_gives_what_the_first_one_gave(
    facts: Facts, repeated: list[dict[str, Any]]
) -> None:
    expected = {kept["key"]: kept["id"] for kept in facts.repeats}
    assert {
        key: answer.get("id", answer) for key, answer in zip(expected, repeated, strict=True)
    } == expected


def test_a_used_key_is_refused_for_another_body(
    api: httpx.Client, facts: Facts, repeated: list[dict[str, Any]]
) -> None:
    assert repeated
    kept = next(kept for kept in facts.repeats if kept["key"] == "key of succeeded")
    answer = send_again(api, facts, kept, data={"config": json.dumps({"top_n": 1})})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


def test_an_open_upload_is_completed_and_analysed(
    user: httpx.Client, facts: Facts, repeated: list[dict[str, Any]], working: LocalStack
) -> None:
    assert working.url
    [upload] = (answer for answer in repeated if answer.get("id") == facts.upload["id"])
    first, second = upload["data"]
    assert first["stored"]
    assert not second["stored"]
    put = httpx.put(second["url"], content=photo(facts.upload["missing"]), trust_env=False)
    assert put.status_code == 200
    sealed = user.post("/v1/jobs", json={"upload_id": upload["id"]})
    assert sealed.status_code == 202, sealed.text
    assert counted(final(user, sealed.json()["id"])) == 2


@pytest.mark.parametrize("name", ["queued", "running"])
@pytest.mark.usefixtures("working")
def test_a_job_in_work_is_finished(user: httpx.Client, facts: Facts, name: str) -> None:
    job = final(user, facts.jobs[name])
    assert job["status"] == "succeeded"
    assert counted(job) == job["counts"]["total"]


@pytest.mark.usefixtures("working")
def test_a_job_that_was_being_cancelled_is_cancelled(user: httpx.Client, facts: Facts) -> None:
    assert final(user, facts.jobs["cancelling"])["status"] == "cancelled"


@pytest.mark.usefixtures("working")
def test_a_job_that_waits_for_its_photos_can_be_cancelled(user: httpx.Client, facts: Facts) -> None:
    user.post(f"/v1/jobs/{facts.jobs['waiting']}/cancel").raise_for_status()
    assert final(user, facts.jobs["waiting"])["status"] == "cancelled"


@pytest.mark.usefixtures("working")
def test_a_message_on_its_way_arrives_under_the_secret_of_before(
    user: httpx.Client, facts: Facts, start_receiver: Callable[[], Receiver]
) -> None:
    receiver = start_receiver()
    path = f"/v1/webhook-endpoints/{facts.endpoint['id']}"
    user.patch(path, json={"url": receiver.url}).raise_for_status()
    pending = user.get(f"{path}/deliveries?limit=100").json()["data"]
    about = pending[-1]  # the oldest
    user.post(f"{path}/deliveries/{about['message_id']}/redeliver")
    receiver.wait_for(1, timeout_s=LIMIT_S)
    got = receiver.got[0]
    message = webhooks.verify(got.body, got.headers, facts.endpoint["secret"])
    assert message.id in {delivery["message_id"] for delivery in pending}


def counted(job: dict[str, Any]) -> int:
    """Photos of a job that have a result."""
    return int(job["counts"]["succeeded"] + job["counts"]["no_face"])
