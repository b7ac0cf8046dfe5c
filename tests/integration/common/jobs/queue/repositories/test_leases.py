"""Every transition a worker makes, and the races between two of them."""

import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoAnalysis
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.queues import Lane
from services.common.jobs.queue.outcomes import ItemOutcome, from_payload
from services.common.jobs.queue.repositories.lease_statements import CLAIM
from services.common.jobs.queue.repositories.leases import (
    ClaimedItem,
    LeaseRepository,
    Retry,
)
from services.common.jobs.queue.repositories.turns import BY_INDEX, TurnRepository
from tests.fixtures.analysers import expected_analysis, fake_photo
from tests.fixtures.factories import JobMaker, MadeJob, Rows

MODEL = "tiny-0.1.0+00000000"
BAD = ItemError(ItemErrorCode.DECODE_FAILED, "not a photo")


class Workbench:
    """A worker's calls, each in a transaction of its own."""

    def __init__(self, sessions: SessionFactory) -> None:
        self.sessions = sessions
        self.token = uuid.uuid4()
        self.task = uuid.uuid4()

    def claim(
        self, job: MadeJob, *, limit: int = 10, max_bytes: int = 10**9, lease_s: float = 60
    ) -> list[ClaimedItem]:
        with unit_of_work(self.sessions) as session:
            session.execute(BY_INDEX)
            return LeaseRepository(session).claim(
                job.id,
                limit=limit,
                max_bytes=max_bytes,
                token=self.token,
                task=self.task,
                lease_s=lease_s,
            )

    def finish(self, *outcomes: ItemOutcome, token: uuid.UUID | None = None) -> set[int]:
        with unit_of_work(self.sessions) as session:
            return LeaseRepository(session).finish(
                outcomes, token=token or self.token, model_version=MODEL
            )

    def renew(self, *ids: int, lease_s: float = 60) -> set[int]:
        with unit_of_work(self.sessions) as session:
            return LeaseRepository(session).renew(ids, token=self.token, lease_s=lease_s)

    def release(self, *ids: int, delay_s: float = 0) -> int:
        with unit_of_work(self.sessions) as session:
            return LeaseRepository(session).release(ids, token=self.token, delay_s=delay_s)


def found(item: int, number: int = 0) -> ItemOutcome:
    return ItemOutcome(item, expected_analysis(fake_photo(number)), 5.0)


def ids(claimed: list[ClaimedItem]) -> list[int]:
    return [item.id for item in claimed]


def change_job(sessions: SessionFactory, job: MadeJob, **values: object) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Job).where(Job.id == job.id).values(**values))


@pytest.fixture
def bench(sessions: SessionFactory) -> Workbench:
    return Workbench(sessions)


@pytest.fixture
def other(sessions: SessionFactory) -> Workbench:
    return Workbench(sessions)


class TestClaim:
    def test_leases_the_first_items_in_order(
        self, bench: Workbench, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(5)
        assert ids(bench.claim(job, limit=3)) == job.items[:3]
        row = rows.item(job.items[0])
        assert (row.state, row.attempts) == (ItemState.LEASED, 1)
        assert (row.lease_token, row.lease_task) == (bench.token, bench.task)
        assert row.lease_until is not None

    def test_tells_what_the_worker_needs(
        self, bench: Workbench, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1)
        (item,) = bench.claim(job)
        row = rows.item(item.id)
        assert (item.public_id, item.object_key, item.sha256) == (
            row.public_id,
            row.object_key,
            row.sha256,
        )
        assert (item.attempts, item.solo) == (1, False)

    def test_two_workers_never_share_an_item(
        self, bench: Workbench, other: Workbench, make_job: JobMaker
    ) -> None:
        job = make_job(4)
        assert ids(bench.claim(job, limit=2)) == job.items[:2]
        assert ids(other.claim(job)) == job.items[2:]
        assert bench.claim(job) == []

    def test_passes_over_rows_that_another_transaction_locks(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        job = make_job(3)
        with unit_of_work(sessions) as session:
            session.execute(
                text("SELECT id FROM item WHERE id = :id FOR UPDATE"), {"id": job.items[0]}
            )
            assert ids(bench.claim(job)) == job.items[1:]

    def test_many_workers_at_once_share_without_overlap(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(200)
        taken: list[int] = []
        start = threading.Barrier(4)

        def work() -> None:
            bench = Workbench(sessions)
            start.wait()
            while claimed := bench.claim(job, limit=7):
                taken.extend(ids(claimed))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == job.items

    def test_leaves_items_whose_time_has_not_come(
        self, bench: Workbench, make_job: JobMaker
    ) -> None:
        job = make_job(2, item={"next_at": text("now() + interval '1 hour'")})
        assert bench.claim(job) == []

    def test_a_suspect_comes_alone(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        job = make_job(4)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.id == job.items[0]).values(solo=True))
        (suspect,) = bench.claim(job)
        assert (suspect.id, suspect.solo) == (job.items[0], True)

    def test_a_suspect_further_back_is_left_out_until_it_is_first(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        job = make_job(4)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.id == job.items[2]).values(solo=True))
        assert ids(bench.claim(job)) == [job.items[0], job.items[1], job.items[3]]
        assert ids(bench.claim(job)) == [job.items[2]]

    def test_stays_within_the_bytes(self, bench: Workbench, make_job: JobMaker) -> None:
        job = make_job(4, item={"byte_count": 10})
        assert len(bench.claim(job, max_bytes=25)) == 2

    def test_takes_a_first_photo_that_is_larger_by_itself(
        self, bench: Workbench, make_job: JobMaker
    ) -> None:
        job = make_job(2, item={"byte_count": 100})
        assert len(bench.claim(job, max_bytes=25)) == 1

    def test_a_claim_whose_answer_was_lost_can_be_undone(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory, rows: Rows
    ) -> None:
        job = make_job(2)
        bench.claim(job)
        with unit_of_work(sessions) as session:
            assert LeaseRepository(session).forget(bench.token) == 2
        assert [(row.state, row.attempts) for row in rows.items(job.id)] == [(0, 0)] * 2


class TestRenew:
    def test_extends_what_is_held(self, bench: Workbench, make_job: JobMaker, rows: Rows) -> None:
        job = make_job(2)
        bench.claim(job, lease_s=1)
        assert bench.renew(*job.items, lease_s=600) == set(job.items)
        until = rows.item(job.items[0]).lease_until
        assert until is not None
        assert until - rows.now() > timedelta(seconds=500)

    def test_leaves_out_what_was_lost(
        self, bench: Workbench, other: Workbench, make_job: JobMaker
    ) -> None:
        job = make_job(2)
        bench.claim(job)
        bench.release(job.items[0])
        other.claim(job)
        assert bench.renew(*job.items) == {job.items[1]}

    def test_of_nothing_asks_nothing(self, bench: Workbench) -> None:
        assert bench.renew() == set()


class TestFinish:
    def test_writes_results_and_errors_together(
        self, bench: Workbench, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(3)
        bench.claim(job)
        nobody = PhotoAnalysis(width=4, height=3, exif_orientation=1)
        face = next(number for number in range(9) if expected_analysis(fake_photo(number)).faces)
        written = bench.finish(
            found(job.items[0], face),
            ItemOutcome(job.items[1], nobody),
            ItemOutcome(job.items[2], BAD),
        )
        assert written == set(job.items)
        verdicts = [row.verdict for row in rows.items(job.id)]
        assert verdicts == [Verdict.SUCCEEDED, Verdict.NO_FACE, Verdict.FAILED]
        assert all(row.lease_token is None for row in rows.items(job.id))
        outcomes = rows.outcomes(job.id)
        good, bad = outcomes[job.items[0]], outcomes[job.items[2]]
        assert good.payload is not None
        assert from_payload(good.payload) == expected_analysis(fake_photo(face))
        assert (good.ok, good.model_version, good.milliseconds) == (True, MODEL, 5.0)
        assert (bad.ok, bad.error_code, bad.error_detail, bad.payload) == (
            False,
            "decode_failed",
            "not a photo",
            None,
        )

    def test_a_zombie_writes_nothing(
        self, bench: Workbench, other: Workbench, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(1)
        bench.claim(job)
        bench.release(*job.items)  # as the sweeper does when the lease runs out
        other.claim(job)
        assert bench.finish(found(job.items[0], 1)) == set()
        assert other.finish(found(job.items[0], 2)) == set(job.items)
        assert bench.finish(found(job.items[0], 3)) == set()
        (outcome,) = rows.outcomes(job.id).values()
        assert outcome.payload is not None
        assert from_payload(outcome.payload) == expected_analysis(fake_photo(2))

    def test_run_again_after_an_ambiguous_commit_it_writes_only_what_is_missing(
        self, bench: Workbench, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(2)
        bench.claim(job)
        assert bench.finish(found(job.items[0])) == {job.items[0]}
        assert bench.finish(found(job.items[0]), found(job.items[1])) == {job.items[1]}
        assert bench.finish(found(job.items[0]), found(job.items[1])) == set()
        assert len(rows.outcomes(job.id)) == 2

    def test_of_a_cancelled_job_cancels_and_writes_nothing(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory, rows: Rows
    ) -> None:
        job = make_job(2)
        bench.claim(job)
        change_job(sessions, job, status=JobStatus.CANCELLING)
        assert bench.finish(found(job.items[0]), ItemOutcome(job.items[1], BAD)) == set()
        assert [row.state for row in rows.items(job.id)] == [ItemState.CANCELLED] * 2
        assert rows.outcomes(job.id) == {}

    def test_of_an_erased_job_writes_nothing(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        job = make_job(1)
        bench.claim(job)
        with unit_of_work(sessions) as session:
            session.execute(text("DELETE FROM job WHERE id = :id"), {"id": job.id})
        assert bench.finish(found(job.items[0])) == set()

    def test_of_nothing_asks_nothing(self, bench: Workbench) -> None:
        assert bench.finish() == set()

    def test_refuses_numbers_that_json_cannot_hold(self, bench: Workbench) -> None:
        analysis = PhotoAnalysis(width=1, height=float("nan"), exif_orientation=1)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="not JSON compliant"):
            bench.finish(ItemOutcome(1, analysis))


class TestGivingBack:
    def test_a_release_does_not_count(
        self, bench: Workbench, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(2)
        bench.claim(job)
        assert bench.release(*job.items) == 2
        row = rows.item(job.items[0])
        assert (row.state, row.attempts, row.lease_token, row.lease_task) == (0, 0, None, None)

    def test_a_release_may_ask_for_a_pause(self, bench: Workbench, make_job: JobMaker) -> None:
        job = make_job(1)
        bench.claim(job)
        bench.release(*job.items, delay_s=60)
        assert bench.claim(job) == []

    def test_a_retry_counts_and_waits(
        self, bench: Workbench, make_job: JobMaker, sessions: SessionFactory, rows: Rows
    ) -> None:
        job = make_job(1)
        bench.claim(job)
        later = [Retry(job.items[0], 30.0, "the object storage is not reachable")]
        with unit_of_work(sessions) as session:
            assert LeaseRepository(session).retry_later(later, token=bench.token) == 1
        row = rows.item(job.items[0])
        assert (row.state, row.attempts) == (ItemState.READY, 1)
        assert row.last_error == "the object storage is not reachable"
        assert bench.claim(job) == []

    def test_needs_the_token(
        self, bench: Workbench, other: Workbench, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        job = make_job(1)
        bench.claim(job)
        assert other.release(*job.items) == 0
        with unit_of_work(sessions) as session:
            retries = [Retry(job.items[0], 1.0, "late")]
            assert LeaseRepository(session).retry_later(retries, token=other.token) == 0

    def test_of_nothing_asks_nothing(self, bench: Workbench, sessions: SessionFactory) -> None:
        assert bench.release() == 0
        with unit_of_work(sessions) as session:
            assert LeaseRepository(session).retry_later([], token=bench.token) == 0


class TestExpireTask:
    def test_ends_the_leases_of_one_task_and_notes_why(
        self,
        bench: Workbench,
        other: Workbench,
        make_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        job = make_job(2)
        bench.claim(job, limit=1)
        other.claim(job, limit=1)
        with unit_of_work(sessions) as session:
            reason = ItemErrorCode.TIME_LIMIT
            assert LeaseRepository(session).expire_task(bench.task, reason=reason) == 1
        mine, theirs = rows.items(job.id)
        now = rows.now()
        assert mine.lease_until is not None
        assert theirs.lease_until is not None
        assert mine.lease_until < now < theirs.lease_until
        assert (mine.last_error, theirs.last_error) == ("time_limit", None)


class TestLookingAround:
    def test_reads_the_status_of_a_job(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        job = make_job(1)
        change_job(sessions, job, status=JobStatus.CANCELLING)
        with unit_of_work(sessions) as session:
            assert LeaseRepository(session).status(job.id) is JobStatus.CANCELLING
            assert LeaseRepository(session).status(404) is None


class TestPlan:
    @pytest.mark.parametrize("statistics", ["none", "all ready", "90 % finished"])
    def test_a_claim_from_a_large_job_walks_the_partial_index(
        self, sessions: SessionFactory, make_job: JobMaker, statistics: str
    ) -> None:
        job = make_job(1)
        with unit_of_work(sessions) as session:
            session.execute(_MANY, {"job": job.id})
            if statistics == "all ready":
                session.execute(text("ANALYZE item"))
            session.execute(text("UPDATE item SET state = 2, verdict = 0 WHERE seq < 4500"))
            if statistics == "90 % finished":
                session.execute(text("ANALYZE item"))
            TurnRepository(session).next(Lane.BATCH, cap=1)
            # Without it the choice is a tie that this small table does not lose every time.
            assert session.scalar(text("SHOW enable_sort")) == "off"
            plan = list(
                session.scalars(
                    text("EXPLAIN " + CLAIM.text),
                    {
                        "job": job.id,
                        "limit": 16,
                        "max_bytes": 1,
                        "token": uuid.uuid4(),
                        "task": uuid.uuid4(),
                        "lease_s": 1.0,
                        "suspects": True,
                        "tag": 0.0,
                    },
                )
            )
        locked = next(place for place, line in enumerate(plan) if "LockRows" in line)
        assert "Index Scan using ix_item_ready_job" in plan[locked + 1]


_MANY = text(
    "INSERT INTO item (public_id, job_id, seq, queue, filename, object_key, sha256, byte_count,"
    " state, attempts, iso_crashes, solo)"
    " SELECT gen_random_uuid(), :job, n, 'batch', '', '', '', 1, 0, 0, 0, false"
    " FROM generate_series(1, 5000) AS n"
)
