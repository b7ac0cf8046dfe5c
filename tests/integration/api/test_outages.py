"""A database or bucket that is away is a 503 with Retry-After, never a 500."""

import httpx
import pytest
from sqlalchemy import select, text

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, Job
from services.common.domain.jobs import ItemStatus
from services.common.storage import build_storage
from tests.fixtures.jobs import seed_job
from tests.fixtures.serving import Api, StartApi, assert_problem, files
from tests.fixtures.settings import DEAD, SettingsMaker, build_settings


def assert_overloaded(response: httpx.Response) -> None:
    body = assert_problem(response, 503, "overloaded")
    assert body["retryable"] is True
    assert int(response.headers["retry-after"]) > 0


class TestDatabase:
    def test_every_request_is_put_off(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(database=DEAD["database"]))
        client = api.client(key="hfer_dev_anything")
        assert_overloaded(client.get("/v1/jobs"))
        assert_overloaded(client.post("/v1/jobs", files=files(b"x")))
        assert_overloaded(client.delete(f"/v1/jobs/job_{'0' * 32}"))

    def test_connections_cut_by_a_restart_are_replaced(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        assert client.get("/v1/jobs").status_code == 200
        with unit_of_work(sessions) as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        assert client.get("/v1/jobs").status_code == 200

    def test_a_statement_that_takes_too_long_is_put_off(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        api = start_api(make_settings(database={"statement_timeout_ms": 200}))
        client = api.client()
        with unit_of_work(sessions) as session:
            seed_job(session, [ItemStatus.QUEUED])
        client.get("/v1/jobs")
        with unit_of_work(sessions) as session:
            session.execute(text("LOCK TABLE item IN ACCESS EXCLUSIVE MODE"))
            assert_overloaded(client.get("/v1/jobs"))
        assert client.get("/v1/jobs").status_code == 200


class TestBucket:
    @pytest.fixture
    def away(self, start_api: StartApi, make_settings: SettingsMaker) -> Api:
        dead = build_settings(DEAD).storage
        return start_api(make_settings(), storage=build_storage(dead))

    def test_a_submission_is_put_off_and_leaves_no_job(
        self, away: Api, sessions: SessionFactory
    ) -> None:
        client = away.client()
        assert_overloaded(client.post("/v1/jobs", files=files(b"x", b"y", b"")))
        with sessions() as session:
            assert session.scalars(select(Job)).all() == []
            assert len(session.scalars(select(DoomedObject)).all()) == 2
        assert away.notifier.notified == []

    def test_jobs_can_still_be_watched_cancelled_and_erased(
        self, away: Api, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            seed_job(session, [ItemStatus.QUEUED])
        client = away.client()
        [job] = client.get("/v1/jobs").json()["data"]
        assert client.get(job["links"]["self"]).status_code == 200
        assert client.post(job["links"]["cancel"]).status_code == 202
        assert client.delete(job["links"]["self"]).status_code == 204
