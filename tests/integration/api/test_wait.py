"""Prefer: wait=n, with a notifier that does the worker's work."""

import httpx
import pytest

from services.common.config import Settings
from services.common.db.session import SessionFactory
from tests.fixtures.serving import StartApi, files
from tests.fixtures.working_notifier import WorkingNotifier


@pytest.fixture
def client(start_api: StartApi, settings: Settings, sessions: SessionFactory) -> httpx.Client:
    return start_api(settings, notifier=WorkingNotifier(sessions=sessions)).client()


class TestWait:
    def test_answers_200_with_results_when_in_time(self, client: httpx.Client) -> None:
        response = client.post("/v1/jobs", files=files(b"a", b"b"), headers={"Prefer": "wait=20"})
        job = response.json()
        assert response.status_code == 200
        assert response.headers["preference-applied"] == "wait=20"
        assert response.headers["location"] == job["links"]["self"]
        assert job["status"] == "succeeded"
        assert [photo["index"] for photo in job["results"]] == [0, 1]
        assert job["results"] == client.get(job["links"]["results"]).json()["data"]

    def test_answers_202_when_time_is_up(
        self, start_api: StartApi, settings: Settings, sessions: SessionFactory
    ) -> None:
        slow = start_api(
            settings, notifier=WorkingNotifier(sessions=sessions, delay_s=2.5)
        ).client()
        response = slow.post("/v1/jobs", files=files(b"a"), headers={"Prefer": "wait=1"})
        assert response.status_code == 202
        assert "preference-applied" not in response.headers
        assert "results" not in response.json()

    def test_does_not_wait_for_more_than_eight_photos(self, client: httpx.Client) -> None:
        photos = files(*[bytes([n]) for n in range(9)])
        response = client.post("/v1/jobs", files=photos, headers={"Prefer": "wait=20"})
        assert response.status_code == 202

    def test_waits_for_a_replayed_job_as_well(self, client: httpx.Client) -> None:
        headers = {"Prefer": "wait=20", "Idempotency-Key": "k"}
        answers = [client.post("/v1/jobs", files=files(b"a"), headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert answers[0].json()["id"] == answers[1].json()["id"]
