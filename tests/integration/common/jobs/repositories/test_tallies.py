"""The kept counts of a job against its rows, after every statement that makes photos final."""

import threading
import uuid

import pytest
from sqlalchemy import select, text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job, JobTally
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.jobs import ItemState, JobCounts, JobStatus
from services.common.jobs.queue.outcomes import ItemOutcome
from services.common.jobs.queue.repositories.leases import LeaseRepository, Retry
from services.common.jobs.queue.repositories.sweeps import SweepRepository
from services.common.jobs.repositories.tallies import TallyRepository
from tests.fixtures.accounts import count_items
from tests.fixtures.analysers import expected_analysis, fake_photo
from tests.fixtures.factories import TENANT, JobMaker, MadeJob

BAD = ItemError(ItemErrorCode.DECODE_FAILED, "not a photo")
PAST = text("now() - interval '1 second'")


def counts(sessions: SessionFactory, job: MadeJob) -> JobCounts:
    """The kept counts, which must be those of the rows."""
    with unit_of_work(sessions) as session:
        kept = TallyRepository(session).counts([job.id])[job.id]
        assert kept == count_items(session, job.id)
    return kept


def claim(
    sessions: SessionFactory, job: MadeJob, *, limit: int = 99
) -> tuple[uuid.UUID, list[int]]:
    token = uuid.uuid4()
    with unit_of_work(sessions) as session:
        items = LeaseRepository(session).claim(
            job.id, limit=limit, max_bytes=10**9, token=token, task=token, lease_s=60
        )
    return token, [item.id for item in items]


def finish(sessions: SessionFactory, token: uuid.UUID, *outcomes: ItemOutcome) -> None:
    with unit_of_work(sessions) as session:
        LeaseRepository(session).finish(outcomes, token=token, model_version="m")


def with_faces() -> int:
    """The number of a fake photo on which faces are found."""
    return next(n for n in range(99) if expected_analysis(fake_photo(n)).faces)


def without_faces() -> int:
    return next(n for n in range(99) if not expected_analysis(fake_photo(n)).faces)


class TestFinish:
    def test_counts_each_verdict_once(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        job = make_job(5)
        token, (one, two, three, _) = claim(sessions, job, limit=4)
        outcomes = [
            ItemOutcome(one, expected_analysis(fake_photo(with_faces()))),
            ItemOutcome(two, expected_analysis(fake_photo(without_faces()))),
            ItemOutcome(three, BAD),
        ]
        for _ in range(2):  # the second time as after an ambiguous commit
            finish(sessions, token, *outcomes)
        assert counts(sessions, job) == JobCounts(5, 1, 1, 1, 1, 1, 0)

    def test_of_a_cancelled_job_counts_as_cancelled(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(2)
        token, items = claim(sessions, job)
        with unit_of_work(sessions) as session:
            session.execute(update(Job).values(status=JobStatus.CANCELLING))
        finish(sessions, token, *(ItemOutcome(item, BAD) for item in items))
        assert counts(sessions, job) == JobCounts(2, cancelled=2)

    def test_what_is_given_back_is_not_final(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(3)
        token, (one, two, _) = claim(sessions, job)
        with unit_of_work(sessions) as session:
            LeaseRepository(session).release([one], token=token)
            LeaseRepository(session).retry_later([Retry(two, 1.0, "s3")], token=token)
        assert counts(sessions, job) == JobCounts(3, 2, 1)

    def test_of_many_workers_at_once_adds_up(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(40)
        claims = [claim(sessions, job, limit=5) for _ in range(8)]
        together = threading.Barrier(8)

        def work(token: uuid.UUID, items: list[int]) -> None:
            together.wait()
            for item in items:
                finish(sessions, token, ItemOutcome(item, BAD))

        threads = [threading.Thread(target=work, args=one) for one in claims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts(sessions, job) == JobCounts(40, failed=40)


class TestSweeps:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (JobStatus.RUNNING, JobCounts(2, failed=2)),
            (JobStatus.CANCELLING, JobCounts(2, cancelled=2)),
        ],
    )
    def test_leases_that_ran_out_are_counted(
        self,
        sessions: SessionFactory,
        make_job: JobMaker,
        status: JobStatus,
        expected: JobCounts,
    ) -> None:
        crashed = {"state": ItemState.LEASED, "lease_until": PAST, "solo": True, "iso_crashes": 2}
        job, other = (make_job(2, status=status, item=crashed) for _ in range(2))
        with unit_of_work(sessions) as session:
            SweepRepository(session).expire_leases(limit=99, max_attempts=12)
        assert counts(sessions, job) == counts(sessions, other) == expected

    def test_a_lease_that_is_taken_back_is_not(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(2, item={"state": ItemState.LEASED, "lease_until": PAST})
        with unit_of_work(sessions) as session:
            SweepRepository(session).expire_leases(limit=99, max_attempts=12)
        assert counts(sessions, job) == JobCounts(2, queued=2)

    def test_a_cancelled_slice_is_counted(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(3, status=JobStatus.CANCELLING)
        for expected in (2, 3):
            with unit_of_work(sessions) as session:
                SweepRepository(session).cancel_slice(limit=2)
            assert counts(sessions, job).cancelled == expected


class TestOpenPhotos:
    def test_are_those_that_are_not_final(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(5)
        make_job(4, tenant="other")
        make_job(3, status=JobStatus.OPEN)
        make_job(2, status=JobStatus.FAILED, finished_at=PAST)
        token, items = claim(sessions, job, limit=2)
        finish(sessions, token, ItemOutcome(items[0], BAD))
        with unit_of_work(sessions) as session:
            assert TallyRepository(session).open_photos(TENANT) == 4 + 3
            assert TallyRepository(session).open_photos("nobody") == 0


def test_a_tally_goes_with_its_job(sessions: SessionFactory, make_job: JobMaker) -> None:
    job = make_job(1)
    token, items = claim(sessions, job)
    finish(sessions, token, ItemOutcome(items[0], BAD))
    with unit_of_work(sessions) as session:
        session.execute(Item.__table__.delete())
        session.execute(Job.__table__.delete())
        assert session.scalars(select(JobTally)).all() == []
