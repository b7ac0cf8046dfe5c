"""Submitting on a real Postgres: one transaction, one job per key, a cap."""

import hashlib
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job, JobTally, Outcome
from services.common.domain.errors import ItemErrorCode, JobError, JobErrorCode
from services.common.domain.faces import AnalysisOptions, DetectorName
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.queues import Device, Lane
from services.common.domain.tenants import LimitExceededError, TenantLimits
from services.common.jobs.options import from_stored
from services.common.jobs.repositories.items import NewItem, Refusal
from services.common.jobs.submission import (
    Submission,
    SubmissionRules,
    Submitted,
    submit,
)
from services.common.processes.repositories import WorkerIdentity, WorkerRepository
from tests.fixtures.jobs import RULES

REFUSAL = Refusal(ItemErrorCode.EMPTY, "The file is empty; \t\\N send it again.")


def photo(number: int = 0, *, refusal: Refusal | None = None) -> NewItem:
    return NewItem(
        public_id=new_uuid7(),
        filename=f"tab\\t {number} é \\N.jpg",
        sha256=hashlib.sha256(b"%d" % number).digest(),
        byte_count=number,
        object_key="" if refusal else f"photos/t/{number}",
        refusal=refusal,
    )


def wanted(*items: NewItem, tenant: str = "t", key: str | None = None) -> Submission:
    return Submission(tenant=tenant, items=items or [photo()], idempotency_key=key)


class TestRows:
    def test_are_what_was_submitted(self, sessions: SessionFactory) -> None:
        submission = Submission(
            tenant="t",
            items=[photo(1), photo(2)],
            options=AnalysisOptions(top_n=5),
            labels={"a": "b"},
            client_ref="r",
        )
        with unit_of_work(sessions) as session:
            made = submit(session, submission, rules=RULES)
        with sessions() as session:
            job = session.get_one(Job, made.job.id)
            assert (job.status, job.total, job.tenant) == (JobStatus.QUEUED, 2, "t")
            assert from_stored(job.options) == AnalysisOptions(top_n=5)
            assert (job.labels, job.client_ref) == ({"a": "b"}, "r")
            assert job.started_at is job.finished_at is None
            assert job.expires_at == job.created_at + timedelta(days=30)
            assert job.sealed_at == job.created_at
            items = session.scalars(select(Item).order_by(Item.seq)).all()
            for item, sent in zip(items, submission.items, strict=True):
                assert item.public_id == sent.public_id
                assert item.filename == sent.filename
                assert item.sha256 == sent.sha256
                assert item.object_key == sent.object_key
                assert (item.state, item.attempts, item.queue) == (0, 0, Lane.INTERACTIVE)
                assert item.next_at <= datetime.now(UTC)
        assert made.has_work

    def test_of_refused_photos_are_finished_with_an_outcome(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            made = submit(session, wanted(photo(1), photo(2, refusal=REFUSAL)), rules=RULES)
        with sessions() as session:
            [outcome] = session.scalars(select(Outcome)).all()
            item = session.get_one(Item, outcome.item_id)
            assert (item.seq, item.state, item.verdict) == (1, ItemState.FINISHED, Verdict.FAILED)
            assert (outcome.ok, outcome.error_code) == (False, "empty")
            assert outcome.error_detail == REFUSAL.detail
        assert (made.job.status, made.has_work) == (JobStatus.QUEUED, True)

    def test_of_a_job_without_work_are_final(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            made = submit(session, wanted(photo(refusal=REFUSAL)), rules=RULES)
        assert (made.job.status, made.has_work) == (JobStatus.FAILED, False)
        assert made.job.finished_at == made.job.started_at == made.job.created_at

    def test_come_by_the_ten_thousand(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            made = submit(session, wanted(*map(photo, range(10_000))), rules=RULES)
            assert session.scalar(select(func.count()).select_from(Item)) == 10_000
        assert made.lane is Lane.BATCH

    def test_vanish_with_the_transaction(self, sessions: SessionFactory) -> None:
        with sessions() as session:
            submit(session, wanted(), rules=RULES)
            assert len(session.scalars(select(Job)).all()) == 1
        with sessions() as session:
            assert session.scalars(select(Job)).all() == []


class TestDetector:
    """A job that asks for facenet."""

    def submit(self, sessions: SessionFactory, *detectors: str, key: str | None = None) -> Job:
        """Submit it where workers with these detectors live; "" tells none."""
        asked = AnalysisOptions(detector=DetectorName.FACENET)
        with unit_of_work(sessions) as session:
            for name in detectors:
                worker = WorkerIdentity(uuid.uuid4(), Device.CPU, "h", 1, 1, "m")
                current = {"detector": name} if name else {}
                WorkerRepository(session).beat(worker, claim_age_s=None, current=current)
            submission = Submission("t", [photo()], options=asked, idempotency_key=key)
            return submit(session, submission, rules=RULES).job

    def test_that_a_live_worker_has_is_stored(self, sessions: SessionFactory) -> None:
        job = self.submit(sessions, "openvino", "facenet")
        assert job.options["detector"] == "facenet"

    def test_is_waited_for_where_no_worker_lives(self, sessions: SessionFactory) -> None:
        assert self.submit(sessions).status == JobStatus.QUEUED

    def test_that_none_has_is_refused_with_those_that_there_are(
        self, sessions: SessionFactory
    ) -> None:
        with pytest.raises(JobError, match="leave 'detector' out, or ask for 'openvino'") as caught:
            self.submit(sessions, "openvino", "")
        assert caught.value.code == JobErrorCode.DETECTOR_UNAVAILABLE

    def test_is_refused_where_only_workers_of_before_live(self, sessions: SessionFactory) -> None:
        with pytest.raises(JobError, match=r"leave 'detector' out\."):
            self.submit(sessions, "")

    def test_that_is_gone_is_no_reason_to_refuse_the_same_request_again(
        self, sessions: SessionFactory
    ) -> None:
        first = self.submit(sessions, key="k")
        assert self.submit(sessions, "openvino", key="k").id == first.id


class TestIdempotency:
    def test_finds_the_job_of_the_same_request(self, sessions: SessionFactory) -> None:
        answers = []
        for _ in range(2):
            with unit_of_work(sessions) as session:
                answers.append(submit(session, wanted(key="k"), rules=RULES))
        first, second = answers
        assert (first.replayed, second.replayed) == (False, True)
        assert first.job.id == second.job.id
        assert not second.has_work

    def test_refuses_another_request(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            submit(session, wanted(key="k"), rules=RULES)
        with unit_of_work(sessions) as session, pytest.raises(JobError) as caught:
            submit(session, wanted(photo(7), key="k"), rules=RULES)
        assert caught.value.code == JobErrorCode.IDEMPOTENCY_MISMATCH

    @pytest.mark.parametrize("commits", [True, False])
    def test_waits_for_a_request_that_is_a_moment_ahead(
        self, sessions: SessionFactory, commits: bool
    ) -> None:
        def later() -> Submitted:
            with unit_of_work(sessions) as session:
                return submit(session, wanted(key="k"), rules=RULES)

        with ThreadPoolExecutor(1) as pool, sessions() as ahead:
            first = submit(ahead, wanted(key="k"), rules=RULES).job.public_id
            second: Future[Submitted] = pool.submit(later)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
            if commits:
                ahead.commit()
            else:
                ahead.rollback()
            found = second.result(timeout=20)
        assert found.replayed == commits
        assert (found.job.public_id == first) == commits


class TestCap:
    def test_counts_open_photos_of_the_tenant_only(self, sessions: SessionFactory) -> None:
        rules = SubmissionRules(TenantLimits(open_photos=2), keep_results=timedelta(days=1))

        def send(count: int, *, tenant: str = "t", refused: bool = False) -> None:
            items = [photo(n, refusal=REFUSAL if refused else None) for n in range(count)]
            with unit_of_work(sessions) as session:
                submit(session, wanted(*items, tenant=tenant), rules=rules)

        send(2)
        send(2, tenant="other")
        send(5, refused=True)
        with pytest.raises(LimitExceededError, match="2 of your photos"):
            send(1)
        with unit_of_work(sessions) as session:
            job = session.scalars(select(Job).where(Job.tenant == "t")).first()
            assert job is not None
            session.add(JobTally(job_id=job.id, slot=0, no_face=1))
        send(1)
