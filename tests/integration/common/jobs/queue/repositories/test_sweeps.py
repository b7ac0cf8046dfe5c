"""The transitions that only the sweeper makes, and what the feeder reads."""

import uuid
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job
from services.common.domain.faces import AnalysisOptions, DetectorName
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.queues import Lane
from services.common.jobs.options import JobModel, to_stored
from services.common.jobs.queue.repositories.leases import LeaseRepository
from services.common.jobs.queue.repositories.sweeps import SweepRepository, WaitingJob
from tests.fixtures.factories import JobMaker, MadeJob, Rows

PAST = text("now() - interval '1 second'")
LONG = 60.0


def lease(sessions: SessionFactory, job: MadeJob, **columns: Any) -> None:
    """Put every item of a job under a lease that ran out a second ago."""
    values = {
        "state": ItemState.LEASED,
        "lease_token": uuid.uuid4(),
        "lease_until": PAST,
        "attempts": 1,
        **columns,
    }
    with unit_of_work(sessions) as session:
        session.execute(update(Item).where(Item.job_id == job.id).values(**values))


def set_items(sessions: SessionFactory, job: MadeJob, **columns: Any) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Item).where(Item.job_id == job.id).values(**columns))


def expire(sessions: SessionFactory, *, limit: int = 100, max_attempts: int = 12) -> dict[str, int]:
    with unit_of_work(sessions) as session:
        return dict(SweepRepository(session).expire_leases(limit=limit, max_attempts=max_attempts))


def cancel(sessions: SessionFactory, *, limit: int = 100) -> int:
    with unit_of_work(sessions) as session:
        return SweepRepository(session).cancel_slice(limit=limit)


def close(sessions: SessionFactory, job: MadeJob | None = None) -> list[JobStatus]:
    with unit_of_work(sessions) as session:
        closed = SweepRepository(session).close_ready(job_id=job.id if job else None, limit=100)
    return [one.status for one in closed]


class TestExpireLeases:
    def test_a_first_crash_makes_the_whole_chunk_suspect(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(3)
        lease(sessions, job)
        assert expire(sessions) == {"ready": 3}
        for row in rows.items(job.id):
            assert (row.state, row.solo, row.iso_crashes) == (ItemState.READY, True, 0)
            assert row.lease_token is None
            assert row.next_at <= rows.now()

    def test_leaves_leases_that_run(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1)
        lease(sessions, job, lease_until=text("now() + interval '1 minute'"))
        assert expire(sessions) == {}
        assert rows.item(job.items[0]).state == ItemState.LEASED

    def test_a_crash_alone_counts_and_waits_a_little(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1)
        lease(sessions, job, solo=True, iso_crashes=1)
        assert expire(sessions) == {"ready": 1}
        row = rows.item(job.items[0])
        assert row.iso_crashes == 2
        assert row.next_at > rows.now()

    @pytest.mark.parametrize(
        ("last_error", "code"),
        [
            (None, "crashed_worker"),
            ("crashed_worker", "crashed_worker"),
            ("time_limit", "time_limit"),
            ("internal", "internal"),
            ("the object storage is not reachable", "crashed_worker"),
        ],
    )
    def test_the_third_crash_alone_condemns(
        self,
        sessions: SessionFactory,
        make_job: JobMaker,
        rows: Rows,
        last_error: str | None,
        code: str,
    ) -> None:
        job = make_job(1)
        lease(sessions, job, solo=True, iso_crashes=2, last_error=last_error)
        assert expire(sessions) == {code: 1}
        row = rows.item(job.items[0])
        assert (row.state, row.verdict, row.iso_crashes) == (2, Verdict.FAILED, 3)
        (outcome,) = rows.outcomes(job.id).values()
        assert (outcome.ok, outcome.error_code) == (False, code)
        assert outcome.error_detail

    def test_too_many_attempts_condemn(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1)
        lease(sessions, job, attempts=12)
        assert expire(sessions) == {"retries_exhausted": 1}
        assert rows.outcomes(job.id)[job.items[0]].error_code == "retries_exhausted"

    def test_an_item_of_a_cancelled_job_is_cancelled(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1, status=JobStatus.CANCELLING)
        lease(sessions, job, solo=True, iso_crashes=2)
        assert expire(sessions) == {"cancelled": 1}
        assert rows.item(job.items[0]).state == ItemState.CANCELLED
        assert rows.outcomes(job.id) == {}

    def test_takes_a_slice_at_a_time(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        lease(sessions, make_job(3))
        assert [sum(expire(sessions, limit=2).values()) for _ in range(3)] == [2, 1, 0]

    def test_two_sweepers_share_the_work(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        lease(sessions, make_job(4))
        with unit_of_work(sessions) as session:
            mine = SweepRepository(session).expire_leases(limit=2, max_attempts=12)
            theirs = expire(sessions)
        assert mine == theirs == {"ready": 2}

    def test_a_finish_that_comes_first_wins(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1)
        lease(sessions, job)
        token = rows.item(job.items[0]).lease_token
        assert token is not None
        with unit_of_work(sessions) as session:
            renewed = LeaseRepository(session).renew(job.items, token=token, lease_s=LONG)
            assert renewed == set(job.items)
            assert expire(sessions) == {}  # the row is locked: passed over
        assert expire(sessions) == {}


class TestCancelSlice:
    def test_cancels_ready_items_of_cancelling_jobs(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        dropped, other = make_job(3, status=JobStatus.CANCELLING), make_job(2)
        assert [cancel(sessions, limit=2) for _ in range(3)] == [2, 1, 0]
        assert {row.state for row in rows.items(dropped.id)} == {ItemState.CANCELLED}
        assert {row.state for row in rows.items(other.id)} == {ItemState.READY}

    def test_leaves_what_is_in_work(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        lease(sessions, make_job(2, status=JobStatus.CANCELLING))
        assert cancel(sessions) == 0

    def test_cancels_what_is_past_its_deadline(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        make_job(2, expires_at=PAST)
        make_job(2, expires_at=text("now() + interval '1 day'"))
        assert cancel(sessions) == 2


class TestCloseJobs:
    @pytest.mark.parametrize(
        ("before", "columns", "final"),
        [
            (JobStatus.RUNNING, {"state": 2, "verdict": 0}, JobStatus.SUCCEEDED),
            (JobStatus.RUNNING, {"state": 2, "verdict": 1}, JobStatus.SUCCEEDED),
            (JobStatus.RUNNING, {"state": 2, "verdict": 2}, JobStatus.FAILED),
            (JobStatus.QUEUED, {"state": 2, "verdict": 2}, JobStatus.FAILED),
            (JobStatus.CANCELLING, {"state": 3}, JobStatus.CANCELLED),
            (JobStatus.CANCELLING, {"state": 2, "verdict": 0}, JobStatus.CANCELLED),
        ],
    )
    def test_chooses_the_final_status(
        self,
        sessions: SessionFactory,
        make_job: JobMaker,
        before: JobStatus,
        columns: dict[str, int],
        final: JobStatus,
    ) -> None:
        job = make_job(2, status=before)
        set_items(sessions, job, **columns)
        assert close(sessions) == [final]
        assert close(sessions) == []

    def test_one_usable_photo_is_enough(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        job = make_job(2, status=JobStatus.RUNNING)
        set_items(sessions, job, state=2, verdict=2)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.id == job.items[1]).values(verdict=1))
        assert close(sessions) == [JobStatus.SUCCEEDED]

    def test_a_job_past_its_deadline_expires(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        make_job(2, status=JobStatus.RUNNING, expires_at=PAST)
        assert close(sessions) == []
        cancel(sessions)
        assert close(sessions) == [JobStatus.EXPIRED]

    def test_a_job_done_in_time_does_not_expire_afterwards(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(2, status=JobStatus.RUNNING, expires_at=PAST)
        set_items(sessions, job, state=2, verdict=0)
        assert close(sessions) == [JobStatus.SUCCEEDED]

    @pytest.mark.parametrize("state", [ItemState.READY, ItemState.LEASED])
    def test_waits_for_open_items(
        self, sessions: SessionFactory, make_job: JobMaker, state: ItemState
    ) -> None:
        job = make_job(2, status=JobStatus.RUNNING)
        set_items(sessions, job, state=2, verdict=0)
        with unit_of_work(sessions) as session:
            session.execute(
                update(Item).where(Item.id == job.items[0]).values(state=state, verdict=None)
            )
        assert close(sessions) == []

    def test_leaves_jobs_that_are_not_sealed(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(1, status=JobStatus.OPEN)
        set_items(sessions, job, state=2, verdict=0)
        assert close(sessions) == []

    def test_can_be_asked_about_one_job(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        jobs = [make_job(1, status=JobStatus.RUNNING) for _ in range(2)]
        for job in jobs:
            set_items(sessions, job, state=2, verdict=0)
        assert len(close(sessions, jobs[0])) == 1
        assert close(sessions, jobs[0]) == []
        assert len(close(sessions)) == 1


class TestWaitingJobs:
    def waiting(self, sessions: SessionFactory, **query: Any) -> list[WaitingJob]:
        with unit_of_work(sessions) as session:
            return SweepRepository(session).waiting_jobs(**({"cap": 10, "limit": 10} | query))

    def test_lists_jobs_with_their_ready_photos(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        batch, single = make_job(20), make_job(1, lane=Lane.INTERACTIVE)
        assert self.waiting(sessions) == [
            WaitingJob(batch.id, Lane.BATCH, 10),
            WaitingJob(single.id, Lane.INTERACTIVE, 1),
        ]

    def test_lists_the_first_that_came(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        first, second = make_job(1), make_job(1)
        assert [job.job_id for job in self.waiting(sessions)] == [first.id, second.id]
        assert [job.job_id for job in self.waiting(sessions, limit=1)] == [first.id]

    def test_leaves_out_what_no_worker_may_take(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        make_job(1, status=JobStatus.CANCELLING)
        make_job(1, status=JobStatus.OPEN)
        make_job(1, expires_at=PAST)
        make_job(1, item={"next_at": text("now() + interval '1 hour'")})
        lease(sessions, make_job(1))
        assert self.waiting(sessions) == []

    def test_leaves_out_what_asks_for_a_detector_that_no_worker_has(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        asked = make_job(1, options=AnalysisOptions(detector=DetectorName.FACENET))
        plain = make_job(1)
        found = [job.job_id for job in self.waiting(sessions, detectors={"openvino"})]
        assert found == [plain.id]
        found = [job.job_id for job in self.waiting(sessions, detectors={"openvino", "facenet"})]
        assert found == [asked.id, plain.id]

    def test_tells_of_jobs_that_ask_for_a_model(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        model = JobModel("mine-0.2.0+01234567", bytes(32))
        any_detector = make_job(1, raw_options=to_stored(AnalysisOptions(), model))
        facenet = AnalysisOptions(detector=DetectorName.FACENET)
        make_job(1, raw_options=to_stored(facenet, model))
        found = [job.job_id for job in self.waiting(sessions, detectors={"openvino"})]
        assert found == [any_detector.id]


class TestHealth:
    def test_reads_the_figures(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        make_job(2, item={"next_at": text("now() - interval '90 seconds'")})
        lease(sessions, make_job(3))
        with unit_of_work(sessions) as session:
            health = SweepRepository(session).health()
        assert health.ready == {Lane.INTERACTIVE: 0, Lane.BATCH: 2}
        assert health.leased == 3
        assert 89 < health.oldest_ready_s < 120
        assert health.unaccounted == 0
        assert health.dead_rows >= 0

    def test_photos_wait_from_the_seal_of_their_job(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        declared = {"next_at": text("now() - interval '5 hours'")}
        make_job(2, status=JobStatus.OPEN, item=declared)
        make_job(3, sealed_at=text("now() - interval '10 seconds'"), item=declared)
        with unit_of_work(sessions) as session:
            health = SweepRepository(session).health()
        assert health.ready[Lane.BATCH] == 3
        assert 9 < health.oldest_ready_s < 60

    def test_finds_items_finished_without_an_outcome(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(1, status=JobStatus.RUNNING)
        set_items(sessions, job, state=2, verdict=0)
        with unit_of_work(sessions) as session:
            assert SweepRepository(session).health().unaccounted == 1

    def test_of_an_empty_database_is_all_zero(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            health = SweepRepository(session).health()
        assert (health.leased, health.oldest_ready_s, health.unaccounted) == (0, 0.0, 0)


def test_a_job_may_be_erased_while_it_is_swept(
    sessions: SessionFactory, make_job: JobMaker
) -> None:
    job = make_job(1)
    lease(sessions, job)
    with unit_of_work(sessions) as session:
        session.execute(text("DELETE FROM item WHERE job_id = :job"), {"job": job.id})
        assert expire(sessions) == {}
        session.execute(delete(Job).where(Job.id == job.id))
    assert expire(sessions) == {}
