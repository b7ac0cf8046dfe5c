"""Usage is exact, whichever way photos come and jobs end."""

import datetime as dt
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.common.db.grants import Role
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.db.tenant_tables import TenantUsage
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import JobStatus
from services.common.domain.tenants import LimitExceededError, TenantLimits, TenantPolicy
from services.common.jobs.lifecycle import erase
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.outcomes import ItemOutcome
from services.common.jobs.queue.repositories.fetches import FetchedPhoto, FetchRepository
from services.common.jobs.queue.repositories.leases import LeaseRepository
from services.common.jobs.queue.repositories.turns import TurnRepository
from services.common.jobs.repositories.items import NewItem, Refusal
from services.common.jobs.submission import Submission, submit
from services.common.jobs.uploads import FileToUpload, declare, start_upload
from services.common.tenants.repositories.policies import TenantPolicyRepository
from services.common.tenants.repositories.usage import DailyUsage, UsageRepository
from tests.fixtures.analysers import expected_analysis, fake_photo
from tests.fixtures.as_role import sessions_as
from tests.fixtures.factories import TENANT, JobMaker, MadeJob
from tests.fixtures.jobs import RULES

REFUSED = Refusal(ItemErrorCode.EMPTY, "The file is empty; send it again.")
NOW = timedelta(0)


def photo(byte_count: int, *, refusal: Refusal | None = None, url: str | None = None) -> NewItem:
    key = "" if refusal or url else f"photos/t/{byte_count}"
    return NewItem(new_uuid7(), "a.jpg", None, byte_count, key, refusal=refusal, source_url=url)


def take(sessions: SessionFactory, *items: NewItem, key: str | None = None) -> Job:
    with unit_of_work(sessions) as session:
        wanted = Submission(tenant=TENANT, items=items, idempotency_key=key)
        return submit(session, wanted, rules=RULES).job


def used(sessions: SessionFactory, *, tenant: str = TENANT) -> tuple[int, int, int, int]:
    """Photos, bytes, faces and core-ms of the tenant, of all days."""
    with sessions() as session:
        rows = session.scalars(select(TenantUsage).where(TenantUsage.tenant == tenant)).all()
    return (
        sum(row.photos for row in rows),
        sum(row.byte_count for row in rows),
        sum(row.faces for row in rows),
        sum(row.core_ms for row in rows),
    )


def work(sessions: SessionFactory, job_id: int, *, limit: int, core_ms: float) -> int:
    """Analyse up to ``limit`` photos as a worker does, in its role; how many faces there are."""
    token = uuid.uuid4()
    results = [expected_analysis(fake_photo(number)) for number in range(1, limit + 1)]
    with unit_of_work(sessions_as(sessions, Role.WORKER)) as session:
        leases = LeaseRepository(session)
        TurnRepository(session).mark(job_id)
        items = leases.claim(
            job_id, limit=limit, max_bytes=10**9, token=token, task=token, lease_s=60
        )
        outcomes = [
            ItemOutcome(item.id, result, 5.0, core_ms)
            for item, result in zip(items, results, strict=True)
        ]
        # A second time with the same token, as after a commit whose answer was lost.
        for _ in range(2):
            leases.finish(outcomes, token=token, model_version="m")
    return sum(outcome.faces for outcome in outcomes)


def close(sessions: SessionFactory, job_id: int) -> int:
    with unit_of_work(sessions_as(sessions, Role.MAINTENANCE)) as session:
        return len(close_jobs(session, job_id=job_id))


class TestAccepted:
    def test_photos_count_once_whatever_is_sent_again(self, sessions: SessionFactory) -> None:
        for _ in range(2):
            take(sessions, photo(70), photo(30), photo(0, refusal=REFUSED), key="k")
        assert used(sessions) == (3, 100, 0, 0)
        assert used(sessions, tenant="other") == (0, 0, 0, 0)

    def test_declared_files_count_once(self, sessions: SessionFactory) -> None:
        files = [FileToUpload("a.jpg", b"1" * 32, 40), FileToUpload("b.jpg", b"2" * 32, 0)]
        with unit_of_work(sessions) as session:
            opened = start_upload(session, TENANT, files, idempotency_key=None, rules=RULES)
            public_id = opened.job.public_id
        for _ in range(2):
            with unit_of_work(sessions) as session:
                declare(session, TENANT, public_id, files, start=2, rules=RULES)
        assert used(sessions) == (4, 80, 0, 0)

    def test_photos_by_url_have_their_bytes_when_the_job_ends(
        self, sessions: SessionFactory
    ) -> None:
        job = take(sessions, *[photo(0, url="https://h.example/a.jpg") for _ in range(2)])
        token = uuid.uuid4()
        with unit_of_work(sessions_as(sessions, Role.INGEST)) as session:
            fetches = FetchRepository(session)
            first, second = fetches.claim(limit=2, token=token, lease_s=60, per_host=4)
            assert fetches.arrive(first.item_id, FetchedPhoto(b"s" * 32, 55, "k"), token=token)
            error = ItemError(ItemErrorCode.FETCH_FAILED, "no")
            assert fetches.fail(second.item_id, error, token=token)
        assert used(sessions) == (2, 0, 0, 0)
        work(sessions, job.id, limit=1, core_ms=0)
        assert close(sessions, job.id) == 1
        assert used(sessions)[:2] == (2, 55)


class TestWork:
    def test_counts_when_the_job_ends_and_once(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(3)
        faces = work(sessions, job.id, limit=2, core_ms=20.4)
        assert faces
        assert used(sessions) == (0, 0, 0, 0)
        faces += work(sessions, job.id, limit=1, core_ms=20.4)
        assert [close(sessions, job.id), close(sessions, job.id)] == [1, 0]
        assert used(sessions) == (0, 0, faces, 61)

    def test_of_a_job_that_is_erased_before_its_end_counts(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(3)
        faces = work(sessions, job.id, limit=2, core_ms=20)
        drop(sessions, job)
        assert used(sessions) == (0, 0, faces, 40)

    def test_of_a_job_that_is_erased_after_its_end_counts_once(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(2)
        faces = work(sessions, job.id, limit=2, core_ms=20)
        close(sessions, job.id)
        drop(sessions, job)
        assert used(sessions) == (0, 0, faces, 40)

    def test_of_photos_that_were_cancelled_meanwhile_is_not_told(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(1)
        token = uuid.uuid4()
        with unit_of_work(sessions) as session:
            leases = LeaseRepository(session)
            leases.claim(job.id, limit=1, max_bytes=1, token=token, task=token, lease_s=60)
            session.get_one(Job, job.id).status = JobStatus.CANCELLING
            session.flush()
            result = expected_analysis(fake_photo(1))
            leases.finish([ItemOutcome(job.items[0], result, 1, 9)], token=token, model_version="m")
        close(sessions, job.id)
        assert used(sessions) == (0, 0, 0, 0)


def drop(sessions: SessionFactory, job: MadeJob) -> None:
    with unit_of_work(sessions_as(sessions, Role.API)) as session:
        public_id = session.get_one(Job, job.id).public_id
        assert erase(session, TENANT, public_id, urls_hold=NOW)


class TestLimits:
    def allow(self, sessions: SessionFactory, **limits: int) -> None:
        with unit_of_work(sessions) as session:
            TenantPolicyRepository(session).put(TenantPolicy(TENANT, limits=TenantLimits(**limits)))

    def test_photos_of_a_day(self, sessions: SessionFactory) -> None:
        self.allow(sessions, photos_per_day=3)
        take(sessions, photo(1), photo(2))
        with pytest.raises(LimitExceededError, match="2 photos today and may send 3") as caught:
            take(sessions, photo(3), photo(4))
        assert (caught.value.name, caught.value.limit, caught.value.used) == (
            "photos_per_day",
            3,
            2,
        )
        assert 0 < (caught.value.retry_after_s or 0) <= 86_400
        take(sessions, photo(3))

    def test_photos_that_are_refused_count_for_the_day(self, sessions: SessionFactory) -> None:
        self.allow(sessions, photos_per_day=3, open_photos=1)
        empty, again, more = (photo(0, refusal=REFUSED) for _ in range(3))
        take(sessions, photo(1), empty, again)  # of the three only one is open
        with pytest.raises(LimitExceededError, match="3 photos today and may send 3"):
            take(sessions, more)

    def test_photos_of_yesterday_do_not_count(self, sessions: SessionFactory) -> None:
        self.allow(sessions, photos_per_day=1)
        with unit_of_work(sessions) as session:
            yesterday = datetime.now(UTC).date() - timedelta(days=1)
            session.add(TenantUsage(tenant=TENANT, day=yesterday, slot=0, photos=9))
        take(sessions, photo(1))

    def test_bytes_that_are_kept(self, sessions: SessionFactory) -> None:
        self.allow(sessions, stored_bytes=100)
        job = take(sessions, photo(60))
        with pytest.raises(LimitExceededError, match="60 bytes of your photos are kept") as caught:
            take(sessions, photo(41))
        assert (caught.value.name, caught.value.used) == ("stored_bytes", 60)
        with unit_of_work(sessions) as session:
            session.get_one(Job, job.id).inputs_erased_at = datetime.now(UTC)
        take(sessions, photo(100))

    def test_a_tenants_own_go_before_the_deployments(self, sessions: SessionFactory) -> None:
        self.allow(sessions, open_photos=1)
        with pytest.raises(LimitExceededError, match="0 of your photos are waiting and 1 may"):
            take(sessions, photo(1), photo(2))
        self.allow(sessions, open_photos=0)
        take(sessions, *[photo(number) for number in range(1, 5)])


def date(day: int) -> dt.date:
    return dt.date(2026, 11, day)


class TestPages:
    def fill(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            for day in (1, 2, 3):
                for tenant in ("a", "b"):
                    for slot in (0, 5):
                        row = TenantUsage(
                            tenant=tenant, day=date(day), slot=slot, photos=day, core_ms=7
                        )
                        session.add(row)

    def test_join_the_slots_and_go_on(self, sessions: SessionFactory) -> None:
        self.fill(sessions)
        with sessions() as session:
            usage = UsageRepository(session)
            first = usage.page(first=date(1), last=date(2), tenant=None, limit=3)
            assert first[0] == DailyUsage(date(1), "a", 2, 0, 0, 14)
            assert [(one.day, one.tenant) for one in first] == [
                (date(1), "a"),
                (date(1), "b"),
                (date(2), "a"),
            ]
            rest = usage.page(
                first=date(1), last=date(2), tenant=None, after=(date(2), "a"), limit=3
            )
            assert [(one.day, one.tenant, one.photos) for one in rest] == [(date(2), "b", 4)]

    def test_hold_one_tenant(self, sessions: SessionFactory) -> None:
        self.fill(sessions)
        with sessions() as session:
            found = UsageRepository(session).page(first=date(1), last=date(3), tenant="b", limit=9)
            assert [(one.day, one.tenant) for one in found] == [(date(n), "b") for n in (1, 2, 3)]

    def test_old_days_are_forgotten(self, sessions: SessionFactory) -> None:
        today = datetime.now(UTC).date()
        with unit_of_work(sessions) as session:
            for age in (1, 400, 402):
                session.add(TenantUsage(tenant="a", day=today - timedelta(days=age), slot=0))
        with unit_of_work(sessions_as(sessions, Role.MAINTENANCE)) as session:
            usage = UsageRepository(session)
            assert usage.forget(keep=timedelta(days=401), limit=5) == 1
            assert usage.forget(keep=timedelta(days=401), limit=5) == 0
