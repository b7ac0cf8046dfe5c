"""The queries of the scalers, as KEDA would send them, against the real schema."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from infra.k8s.tree import FOLDER, manifests, of_kind
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.queues import Lane
from tests.fixtures.factories import JobMaker

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@cache
def query_of(scaler: str) -> str:
    [found] = [
        each for each in of_kind(manifests(), "ScaledObject") if each["metadata"]["name"] == scaler
    ]
    [trigger] = found["spec"]["triggers"]
    query: str = trigger["metadata"]["query"]
    return query


def open_photos(sessions: SessionFactory, scaler: str) -> int:
    """Run a scaler's query; KEDA takes one row of one number."""
    with unit_of_work(sessions) as session:
        [[number]] = session.execute(text(query_of(scaler))).all()
    return int(number)


def both(sessions: SessionFactory) -> tuple[int, int]:
    return open_photos(sessions, "worker-cpu"), open_photos(sessions, "worker-gpu")


def test_an_idle_service_wants_no_worker(sessions: SessionFactory) -> None:
    assert both(sessions) == (0, 0)


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_ready_and_leased_photos_count(
    sessions: SessionFactory, make_job: JobMaker, status: JobStatus
) -> None:
    make_job(3, status=status)
    make_job(2, status=status, item={"state": int(ItemState.LEASED)})
    assert both(sessions) == (5, 5)


def test_only_the_batch_lane_asks_for_gpus(sessions: SessionFactory, make_job: JobMaker) -> None:
    make_job(3, lane=Lane.INTERACTIVE)
    assert both(sessions) == (3, 0)


def test_a_photo_that_waits_for_its_next_try_counts(
    sessions: SessionFactory, make_job: JobMaker
) -> None:
    make_job(2, item={"next_at": datetime.now(UTC) + timedelta(minutes=1)})
    assert both(sessions) == (2, 2)


def test_a_photo_that_nobody_fetched_yet_does_not(
    sessions: SessionFactory, make_job: JobMaker
) -> None:
    make_job(2, item={"next_at": NEVER})
    assert both(sessions) == (0, 0)


@pytest.mark.parametrize(
    "state",
    [
        {"state": int(ItemState.FINISHED), "verdict": int(Verdict.SUCCEEDED)},
        {"state": int(ItemState.CANCELLED)},
    ],
)
def test_final_photos_do_not_count(
    sessions: SessionFactory, make_job: JobMaker, state: dict[str, int]
) -> None:
    make_job(2, status=JobStatus.RUNNING, item=state)
    assert both(sessions) == (0, 0)


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.QUEUED, JobStatus.RUNNING}))
def test_photos_of_jobs_that_are_not_worked_on_do_not_count(
    sessions: SessionFactory, make_job: JobMaker, status: JobStatus
) -> None:
    make_job(2, status=status)
    assert both(sessions) == (0, 0)


def test_every_lane_is_served(sessions: SessionFactory, make_job: JobMaker) -> None:
    for lane in Lane:
        make_job(1, lane=lane)
    assert open_photos(sessions, "worker-cpu") == len(Lane)


def test_the_grants_of_the_docs_are_enough_and_no_more(
    sessions: SessionFactory, make_job: JobMaker
) -> None:
    make_job(2)
    page = (FOLDER.parents[1] / "docs/kubernetes.md").read_text()
    grants = re.findall(r"^GRANT .*;$", page, re.MULTILINE)
    assert len(grants) == 3
    # Roles are the server's: this one is rolled back with the rest of the transaction.
    role = f"hfer_keda_{uuid4().hex}"
    with sessions() as session:
        session.execute(text(f"CREATE ROLE {role}"))
        for grant in grants:
            session.execute(text(grant.replace("hfer_keda", role)))
        session.execute(text(f"SET LOCAL ROLE {role}"))
        assert session.scalar(text(query_of("worker-cpu"))) == 2
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("SELECT object_key FROM item"))
        session.rollback()
