"""Whose turn it is, decided by Postgres at the claim."""

import re
import threading
import uuid
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job
from services.common.db.tenant_tables import TenantPolicy, TenantTurn
from services.common.domain.faces import AnalysisOptions, DetectorName
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.options import BY_MODEL, JobModel, to_stored
from services.common.jobs.queue.repositories.leases import LeaseRepository
from services.common.jobs.queue.repositories.turns import (
    GIVE_WAY,
    LANES,
    LAST_POSITION,
    TURN,
    JobTurn,
    TurnRepository,
)
from tests.fixtures.factories import TENANT, JobMaker, MadeJob, Rows

A, B = "anna", "bert"
PAST = text("now() - interval '1 second'")


class Claims:
    """Claims as workers make them, each in a transaction of its own."""

    def __init__(self, sessions: SessionFactory, *, detector: str | None = None) -> None:
        self._sessions = sessions
        self._detector = detector

    def turn(self, lane: Lane = Lane.BATCH, *, cap: int = 100) -> JobTurn | None:
        with unit_of_work(self._sessions) as session:
            return TurnRepository(session).next(lane, cap=cap, detector=self._detector)

    def claim(self, lane: Lane = Lane.BATCH, *, limit: int = 8) -> JobTurn | None:
        """Claim up to ``limit`` photos; return whose turn it was."""
        with unit_of_work(self._sessions) as session:
            turns, passed = TurnRepository(session), set[int]()
            while turn := turns.next(lane, cap=100, detector=self._detector, passed=passed):
                if self.take(LeaseRepository(session), turn, limit=limit):
                    turns.mark(turn.id)
                    return turn
                passed.add(turn.id)
        return None

    def take(self, leases: LeaseRepository, turn: JobTurn, *, limit: int) -> list[int]:
        claimed = leases.claim(
            turn.id,
            limit=limit,
            max_bytes=10**9,
            token=uuid.uuid4(),
            task=uuid.uuid4(),
            lease_s=60,
            tag=turn.tag,
        )
        return [item.id for item in claimed]

    def tenants(self, times: int, *, limit: int = 8) -> list[str]:
        claimed = [self.claim(limit=limit) for _ in range(times)]
        return [turn.tenant for turn in claimed if turn is not None]


@pytest.fixture
def claims(sessions: SessionFactory) -> Claims:
    return Claims(sessions)


def add_jobs(
    sessions: SessionFactory,
    jobs: int,
    *,
    photos: int,
    tenant: str = TENANT,
    lane: Lane = Lane.BATCH,
) -> None:
    """Many at once, without bytes."""
    parameters = {"jobs": jobs, "photos": photos, "tenant": tenant, "lane": lane}
    with unit_of_work(sessions) as session:
        session.execute(_JOBS, parameters)


def tags(sessions: SessionFactory, tenant: str, lane: Lane = Lane.BATCH) -> tuple[float, float]:
    with unit_of_work(sessions) as session:
        row = session.get_one(TenantTurn, (lane, tenant))
        return row.start_tag, row.finish_tag


class TestTenants:
    @pytest.mark.parametrize("lane", list(Lane))
    def test_one_photo_is_next_behind_150_jobs_of_another(
        self, claims: Claims, make_job: JobMaker, sessions: SessionFactory, lane: Lane
    ) -> None:
        add_jobs(sessions, 150, photos=8, tenant=B, lane=lane)
        for _ in range(3):
            claims.claim(lane)
        mine = make_job(1, lane=lane, tenant=A)
        turn = claims.claim(lane)
        assert turn is not None
        assert (turn.tenant, turn.id) == (A, mine.id)

    def test_take_turns(self, claims: Claims, make_job: JobMaker) -> None:
        make_job(100, tenant=A)
        make_job(100, tenant=B)
        assert claims.tenants(6) == [A, B, A, B, A, B]

    def test_photos_count_not_claims(
        self, claims: Claims, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        make_job(16, tenant=A)
        add_jobs(sessions, 20, photos=1, tenant=B)
        assert claims.tenants(11) == [A, *[B] * 8, A, B]

    def test_have_turns_by_their_weights(
        self, claims: Claims, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            session.add(TenantPolicy(tenant=A, weight=3))
        for tenant in (A, B):
            add_jobs(sessions, 1, photos=200, tenant=tenant)
        assert Counter(claims.tenants(20)) == {A: 15, B: 5}
        make_job(100, tenant="carl")  # who was away for all that waits for two others at most
        assert "carl" in claims.tenants(3)

    def test_idleness_saves_nothing_up(self, claims: Claims, make_job: JobMaker) -> None:
        make_job(400, tenant=A)
        assert claims.tenants(20) == [A] * 20
        make_job(100, tenant=B)
        assert claims.tenants(5) in ([B, A, B, A, B], [B, B, A, B, A])

    def test_having_had_all_of_an_idle_machine_costs_nothing_later(
        self, claims: Claims, make_job: JobMaker
    ) -> None:
        make_job(160, tenant=A)
        claims.tenants(20)
        make_job(100, tenant=B)
        make_job(100, tenant=A)
        assert Counter(claims.tenants(8))[A] in (3, 4)

    def test_what_is_given_back_is_not_charged(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job, token = make_job(8, tenant=A), uuid.uuid4()
        with unit_of_work(sessions) as session:
            LeaseRepository(session).claim(
                job.id, limit=8, max_bytes=10**9, token=token, task=token, lease_s=60, tag=5.0
            )
        assert tags(sessions, A) == (5.0, 13.0)
        with unit_of_work(sessions) as session:
            assert LeaseRepository(session).release(job.items[:6], token=token) == 6
        assert tags(sessions, A) == (5.0, 7.0)
        for left in (2, 0):  # the answer to the first commit is lost
            with unit_of_work(sessions) as session:
                assert LeaseRepository(session).forget(token) == left
        assert tags(sessions, A) == (5.0, 5.0)

    def test_lanes_do_not_count_for_each_other(
        self, claims: Claims, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        make_job(8, tenant=A, lane=Lane.INTERACTIVE)
        make_job(16, tenant=A)
        claims.claim(Lane.INTERACTIVE)
        claims.claim(Lane.BATCH)
        claims.claim(Lane.BATCH)
        assert tags(sessions, A, Lane.INTERACTIVE) == (0.0, 8.0)
        assert tags(sessions, A, Lane.BATCH) == (8.0, 16.0)


class TestJobsOfATenant:
    def test_a_small_one_does_not_wait_for_a_large_one(
        self, claims: Claims, make_job: JobMaker
    ) -> None:
        large, small = make_job(500), make_job(44)
        served = [turn.id for turn in (claims.claim() for _ in range(12)) if turn is not None]
        assert served == [large.id, small.id] * 6

    def test_each_has_its_turn_before_one_has_a_second(
        self, claims: Claims, make_job: JobMaker
    ) -> None:
        jobs = [make_job(20) for _ in range(5)]
        served = [turn.id for turn in (claims.claim() for _ in range(10)) if turn is not None]
        assert served == [job.id for job in jobs] * 2

    def test_a_turn_is_not_written_down_where_a_job_is_alone(
        self, claims: Claims, make_job: JobMaker
    ) -> None:
        make_job(8, lane=Lane.INTERACTIVE)
        make_job(20, tenant=B)
        make_job(20)
        first = claims.turn()
        assert first is not None
        assert first.to_mark  # it begins to run
        claims.claim()
        claims.claim()
        again = claims.turn()
        assert again is not None
        assert not again.to_mark

    def test_the_first_turn_moves_a_queued_job_to_running_and_later_ones_keep_the_start(
        self, claims: Claims, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(20)
        claims.claim()
        first = rows.job(job.id)
        assert first.status == JobStatus.RUNNING
        assert first.started_at is not None
        claims.claim()
        assert rows.job(job.id).started_at == first.started_at
        assert rows.job(job.id).turn_at > first.turn_at


class TestLanes:
    def test_are_those_with_active_jobs_small_ones_first(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        found = list[list[Lane]]()
        for lane, status in (
            (Lane.INTERACTIVE, JobStatus.SUCCEEDED),
            (Lane.BATCH, JobStatus.RUNNING),
            (Lane.INTERACTIVE, JobStatus.QUEUED),
        ):
            make_job(1, lane=lane, status=status)
            with unit_of_work(sessions) as session:
                found.append(TurnRepository(session).lanes())
        assert found == [[], [Lane.BATCH], [Lane.INTERACTIVE, Lane.BATCH]]


class TestWhoWaits:
    def test_tells_what_a_worker_needs(
        self, claims: Claims, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(5, lane=Lane.INTERACTIVE, tenant=A, request_id="req_1")
        make_job(1, lane=Lane.INTERACTIVE, tenant=B)
        make_job(1, tenant="carl")
        turn = claims.turn(Lane.INTERACTIVE, cap=3)
        assert turn is not None
        assert (turn.id, turn.public_id) == (job.id, rows.job(job.id).public_id)
        assert (turn.tenant, turn.ready, turn.others) == (A, 3, frozenset({B}))
        assert turn.lane is Lane.INTERACTIVE
        assert turn.origin.request_id == "req_1"

    def test_nobody(self, claims: Claims) -> None:
        assert claims.turn() is None

    @pytest.mark.parametrize(
        "status",
        [status for status in JobStatus if status not in {JobStatus.QUEUED, JobStatus.RUNNING}],
    )
    def test_no_job_that_is_not_active(
        self, claims: Claims, make_job: JobMaker, status: JobStatus
    ) -> None:
        make_job(2, status=status)
        assert claims.turn() is None

    def test_no_job_past_its_deadline(self, claims: Claims, make_job: JobMaker, rows: Rows) -> None:
        job = make_job(2, expires_at=PAST)
        assert claims.claim() is None
        assert rows.job(job.id).status == JobStatus.QUEUED

    def test_no_job_whose_photos_are_in_work_or_have_their_time_ahead(
        self, claims: Claims, make_job: JobMaker
    ) -> None:
        make_job(2)
        make_job(2, item={"next_at": text("now() + interval '1 hour'")})
        claims.claim()
        assert claims.turn() is None

    def test_no_job_for_another_detector(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        asked = make_job(1, tenant=A, options=AnalysisOptions(detector=DetectorName.FACENET))
        plain = make_job(2, tenant=B)
        openvino = Claims(sessions, detector="openvino")
        turn = openvino.claim(limit=1)
        assert turn is not None
        assert (turn.id, turn.others) == (plain.id, frozenset())
        assert rows.job(asked.id).status == JobStatus.QUEUED
        facenet = Claims(sessions, detector="facenet")
        assert {turn.id for _ in range(2) if (turn := facenet.claim())} == {asked.id, plain.id}

    def test_no_job_for_a_model_that_the_worker_has_not(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        model = JobModel("mine-0.2.0+01234567", bytes(range(32)))
        options = AnalysisOptions(detector=DetectorName.FACENET)
        asked = make_job(1, tenant=A, raw_options=to_stored(options, model))
        plain = make_job(2, tenant=B)
        with unit_of_work(sessions) as session:
            turns = TurnRepository(session)
            assert turns.wanted_models() == [model.sha256]
            without = turns.next(Lane.BATCH, cap=9, detector="facenet")
            elsewhere = turns.next(Lane.BATCH, cap=9, detector="openvino", models=[model.sha256])
            has = turns.next(Lane.BATCH, cap=9, detector="facenet", models=[model.sha256])
        assert without is not None
        assert (without.id, without.others) == (plain.id, frozenset())
        assert elsewhere is not None
        assert elsewhere.id == plain.id
        assert has is not None
        assert {has.tenant, *has.others} == {A, B}
        assert rows.job(asked.id).options["detector"] == BY_MODEL

    def test_a_model_is_wanted_no_more_once_nothing_waits_for_it(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        stored = to_stored(AnalysisOptions(), JobModel("mine-0.2.0+01234567", bytes(32)))
        make_job(1, raw_options=stored, item={"next_at": text("now() + interval '1 hour'")})
        make_job(1, raw_options=stored, status=JobStatus.CANCELLING)
        with unit_of_work(sessions) as session:
            assert TurnRepository(session).wanted_models() == []


class TestAtOnce:
    def test_none_is_claimed_twice_and_all_are(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        jobs = [make_job(17, tenant=tenant) for tenant in (A, B, "carl") for _ in range(3)]
        start, taken = threading.Barrier(4), list[int]()

        def work() -> None:
            claims, mine = Claims(sessions), list[int]()
            start.wait(60)
            while True:
                with unit_of_work(sessions) as session:
                    turns, passed, got = TurnRepository(session), set[int](), list[int]()
                    while turn := turns.next(Lane.BATCH, cap=100, passed=passed):
                        if got := claims.take(LeaseRepository(session), turn, limit=4):
                            turns.mark(turn.id)
                            break
                        passed.add(turn.id)
                mine += got
                if not got:
                    break
            taken.extend(mine)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(taken) == len(set(taken))
        with unit_of_work(sessions) as session:
            ready = session.query(Item).filter(Item.state == ItemState.READY).count()
            assert ready == sum(len(job.items) for job in jobs) - len(taken)
        # What a claim had locked when another one looked is not lost: it is there for the next.
        rest = Claims(sessions)
        while turn := rest.claim(limit=100):
            assert turn.id in {job.id for job in jobs}

    def test_a_claim_does_not_wait_for_a_job_that_another_transaction_locks(
        self, sessions: SessionFactory, claims: Claims, make_job: JobMaker
    ) -> None:
        job = make_job(2)
        with unit_of_work(sessions) as session:
            session.execute(text("SELECT FROM job WHERE id = :id FOR UPDATE"), {"id": job.id})
            turn = claims.claim()
        assert turn is not None
        assert turn.id == job.id


class TestGivingWay:
    def gives_way(self, sessions: SessionFactory, turn: JobTurn | None) -> bool:
        assert turn is not None
        with unit_of_work(sessions) as session:
            return TurnRepository(session).gives_way(turn, detector="openvino")

    @pytest.mark.parametrize("lane", list(Lane))
    def test_to_a_tenant_that_came_since(
        self, sessions: SessionFactory, claims: Claims, make_job: JobMaker, lane: Lane
    ) -> None:
        make_job(20, tenant=B, lane=lane)
        make_job(20, tenant="carl", lane=lane)
        turn = claims.claim(lane)
        assert not self.gives_way(sessions, turn)
        make_job(1, tenant=A, lane=lane)
        assert self.gives_way(sessions, turn)
        claims.claim(lane, limit=1)
        assert not self.gives_way(sessions, turn)

    def test_not_to_the_same_tenant(
        self, sessions: SessionFactory, claims: Claims, make_job: JobMaker
    ) -> None:
        make_job(20, tenant=B)
        turn = claims.claim()
        make_job(20, tenant=B)
        assert not self.gives_way(sessions, turn)

    def test_a_batch_does_to_any_interactive_photo_and_not_the_other_way(
        self, sessions: SessionFactory, claims: Claims, make_job: JobMaker
    ) -> None:
        make_job(20)
        batch = claims.claim()
        make_job(8, lane=Lane.INTERACTIVE)
        assert self.gives_way(sessions, batch)
        interactive = claims.claim(Lane.INTERACTIVE, limit=4)
        make_job(20, tenant=B)
        assert not self.gives_way(sessions, interactive)

    def test_not_to_what_another_detector_has_to_find(
        self, sessions: SessionFactory, claims: Claims, make_job: JobMaker
    ) -> None:
        make_job(20, tenant=B)
        turn = claims.claim()
        asked = AnalysisOptions(detector=DetectorName.FACENET)
        make_job(1, tenant=A, options=asked)
        make_job(1, tenant=A, options=asked, lane=Lane.INTERACTIVE)
        assert not self.gives_way(sessions, turn)


class TestPositions:
    def positions(self, sessions: SessionFactory, *jobs: MadeJob) -> dict[int, int]:
        with unit_of_work(sessions) as session:
            return TurnRepository(session).positions([job.id for job in jobs])

    def test_count_the_turns_before_it_in_its_tenant_and_lane(
        self, sessions: SessionFactory, claims: Claims, make_job: JobMaker
    ) -> None:
        jobs = [make_job(20, tenant=A) for _ in range(3)]
        make_job(1, tenant=A, lane=Lane.INTERACTIVE)
        other = make_job(20, tenant=B)
        assert self.positions(sessions, *jobs, other) == {
            **{job.id: place for place, job in enumerate(jobs, 1)},
            other.id: 1,
        }
        claims.claim()  # the first job runs; its second turn is behind the first ones of the others
        assert self.positions(sessions, *jobs) == {jobs[1].id: 1, jobs[2].id: 2}

    def test_end_at_a_bound(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        job = make_job(1)
        add_jobs(sessions, LAST_POSITION + 50, photos=0)
        with unit_of_work(sessions) as session:
            session.execute(
                update(Job).where(Job.id == job.id).values(turn_at=text("now() + interval '1 s'"))
            )
        assert self.positions(sessions, job) == {job.id: LAST_POSITION}


class TestPlan:
    @pytest.mark.parametrize("statistics", ["none", "all waiting", "90 % over"])
    def test_a_turn_walks_the_indexes_whatever_the_statistics_say(
        self, sessions: SessionFactory, statistics: str
    ) -> None:
        add_jobs(sessions, 3_000, photos=2)
        with unit_of_work(sessions) as session:
            if statistics == "all waiting":
                session.execute(text("ANALYZE job, item"))
            session.execute(_OVER)
            if statistics == "90 % over":
                session.execute(text("ANALYZE job, item"))
            turns = TurnRepository(session)
            assert turns.next(turns.lanes()[0], cap=1) is not None
            choice: dict[str, Any] = {
                "lane": Lane.BATCH,
                "detector": None,
                "models": [],
                "passed": [],
            }
            plans = [
                "\n".join(session.scalars(text("EXPLAIN " + statement.text), parameters))
                for statement, parameters in (
                    (LANES, {"lanes": list(Lane)}),
                    (TURN, {"cap": 8, **choice}),
                    (GIVE_WAY, {"known": ["acme"], **choice}),
                )
            ]
        for plan in plans:
            assert not re.findall("Seq Scan on (job|item)", plan)
            assert set(re.findall(r"using (\w+) on job", plan)) <= {"ix_job_turn", "pk_job"}
            assert set(re.findall(r"using (\w+) on item", plan)) <= {"ix_item_ready_job"}


_JOBS = text("""
    WITH made AS (
        INSERT INTO job (public_id, tenant, status, lane, options, labels)
        SELECT gen_random_uuid(), :tenant, 'queued', :lane, '{}', '{}'
        FROM generate_series(1, :jobs) RETURNING id
    )
    INSERT INTO item (public_id, job_id, seq, queue, filename, object_key, sha256, byte_count,
                      state, attempts, iso_crashes, solo)
    SELECT gen_random_uuid(), id, seq, :lane, '', '', '', 1, 0, 0, 0, false
    FROM made, generate_series(1, :photos) AS seq
""")
_OVER = text("""
    WITH over AS (
        UPDATE job SET status = 'succeeded', finished_at = now() WHERE id % 10 <> 0 RETURNING id
    )
    UPDATE item SET state = 2, verdict = 0 FROM over WHERE item.job_id = over.id
""")
