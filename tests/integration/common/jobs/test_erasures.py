"""Erasing against uploads, sweepers and workers that run at the same time."""

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text, update

from services.common.db.erasure_tables import Erasure
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, DoomedPrefix, Item, Job, Outcome
from services.common.domain.errors import (
    ItemErrorCode,
    JobError,
    JobErrorCode,
    TransientError,
)
from services.common.domain.jobs import ItemStatus
from services.common.jobs.lifecycle import erase, retry
from services.common.jobs.repositories.erasures import ErasureRepository, ErasureRequest
from services.common.jobs.repositories.retention import RetentionRepository
from services.common.storage_keys import annotated_prefix, photo_key, uploads_prefix
from tests.fixtures.fleet import wait_until
from tests.fixtures.jobs import RULES, SeededJob, seed_job

MANY = 100_000
_MANY_ITEMS = text("""
    INSERT INTO item (public_id, job_id, seq, queue, filename, object_key, sha256, byte_count,
                      state, verdict, attempts, iso_crashes, solo)
    SELECT gen_random_uuid(), :job, seq, 'batch', 'a.jpg', 'photos/t/' || md5(seq::text),
           decode(md5(seq::text), 'hex'), 1, 2, 0, 1, 0, false
    FROM generate_series(1, CAST(:last AS int)) AS seq
""")
_MANY_OUTCOMES = text("""
    INSERT INTO outcome (item_id, ok, payload) SELECT id, true, '{}' FROM item WHERE state = 2
""")
_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")

NONE = timedelta(0)
WHO = ErasureRequest("key_x", "batch")
READY, FAILED = ItemStatus.QUEUED, ItemStatus.FAILED


def seed(sessions: SessionFactory, *statuses: ItemStatus) -> SeededJob:
    with unit_of_work(sessions) as session:
        return seed_job(session, statuses)


def scheduled(sessions: SessionFactory) -> set[str]:
    with sessions() as session:
        return set(session.scalars(select(DoomedObject.object_key)))


def scheduled_prefixes(sessions: SessionFactory) -> set[str]:
    with sessions() as session:
        return set(session.scalars(select(DoomedPrefix.prefix)))


def start_erasing(
    sessions: SessionFactory, seeded: SeededJob, answers: list[bool]
) -> threading.Thread:
    def erase_it() -> None:
        with unit_of_work(sessions) as session:
            public_id = seeded.job.public_id
            answers.append(erase(session, "default", public_id, urls_hold=NONE, asked=WHO))

    thread = threading.Thread(target=erase_it)
    thread.start()
    return thread


def waits_for_a_lock(sessions: SessionFactory) -> bool:
    with sessions() as session:
        return bool(session.scalar(_WAITING))


class TestErase:
    def test_schedules_each_stored_photo_once_and_all_pictures(
        self, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, READY, READY, FAILED)
        keys = [item.object_key for item in seeded.items]
        with unit_of_work(sessions) as session:
            session.get_one(Item, seeded.items[1].id).object_key = keys[0]
            session.get_one(Item, seeded.items[2].id).object_key = ""
            session.flush()
            erase(session, "default", seeded.job.public_id, urls_hold=NONE)
        assert scheduled(sessions) == {keys[0]}
        assert scheduled_prefixes(sessions) == {annotated_prefix(seeded.job.public_id)}

    def test_schedules_nothing_again_when_the_photos_went_before(
        self, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, READY)
        with unit_of_work(sessions) as session:
            session.get_one(Job, seeded.job.id).inputs_erased_at = datetime.now(UTC)
        with unit_of_work(sessions) as session:
            erase(session, "default", seeded.job.public_id, urls_hold=NONE)
        assert (scheduled(sessions), scheduled_prefixes(sessions)) == (set(), set())

    def test_looks_again_below_an_upload_when_its_urls_hold_no_longer(
        self, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, READY)
        with unit_of_work(sessions) as session:
            session.get_one(Job, seeded.job.id).upload_until = datetime.now(UTC)
        with unit_of_work(sessions) as session:
            erase(session, "default", seeded.job.public_id, urls_hold=timedelta(hours=5))
        with sessions() as session:
            prefix = uploads_prefix("default", seeded.job.public_id)
            row = session.get_one(DoomedPrefix, prefix)
            now = session.execute(select(func.now())).scalar_one()
        assert timedelta(hours=4) < row.doomed_at - now <= timedelta(hours=5)

    def test_counts_the_age_of_a_scheduled_photo_anew(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, READY)
        key = seeded.items[0].object_key
        with unit_of_work(sessions) as session:
            session.add(DoomedObject(object_key=key, doomed_at=func.now() - text("interval '9 d'")))
        with unit_of_work(sessions) as session:
            erase(session, "default", seeded.job.public_id, urls_hold=NONE)
        with sessions() as session:
            age = session.scalar(select(func.now() - DoomedObject.doomed_at))
        assert age is not None
        assert age.total_seconds() < 60

    def test_does_not_deadlock_with_a_worker_that_finishes(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, READY, READY)
        done = threading.Event()

        def erase_it() -> None:
            with unit_of_work(sessions) as session:
                erase(session, "default", seeded.job.public_id, urls_hold=NONE)
            done.set()

        with unit_of_work(sessions) as worker:
            worker.get_one(Item, seeded.items[1].id).attempts = 1
            worker.flush()
            thread = threading.Thread(target=erase_it)
            thread.start()
            assert not done.wait(0.3)
            worker.get_one(Job, seeded.job.id).turn_at = seeded.job.created_at
        thread.join(60)
        assert done.is_set()

    def test_takes_a_job_of_100_000_photos_in_short_statements(
        self, engine: Engine, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, READY)
        with unit_of_work(sessions) as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))  # a busy machine needs longer
            session.execute(_MANY_ITEMS, {"job": seeded.job.id, "last": MANY - 1})
            session.execute(_MANY_OUTCOMES)
        amounts: list[int] = []

        def note(*facts: Any) -> None:
            if str(facts[2]).startswith("DELETE FROM item"):
                amounts.append(facts[1].rowcount)

        event.listen(engine, "after_cursor_execute", note)
        with unit_of_work(sessions) as session:
            erase(session, "default", seeded.job.public_id, urls_hold=NONE)
        assert (sum(amounts), max(amounts)) == (MANY, 10_000)
        with sessions() as session:
            for table in (Job, Item, Outcome):
                assert session.scalar(select(func.count()).select_from(table)) == 0
            assert session.scalar(select(func.count()).select_from(DoomedObject)) == MANY

    def test_knows_nobody_elses_job(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, READY)
        with unit_of_work(sessions) as session, pytest.raises(JobError) as caught:
            erase(session, "other", seeded.job.public_id, urls_hold=NONE)
        assert caught.value.code == JobErrorCode.NOT_FOUND

    def test_takes_many_keys(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            ErasureRepository(session).schedule_deletion(f"annotated/{n}" for n in range(10_001))
        assert len(scheduled(sessions)) == 10_001


class TestEraseAgainstOthers:
    def test_retention_that_is_at_the_job_was_first(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, FAILED)
        answers: list[bool] = []
        with unit_of_work(sessions) as retention:
            job = retention.scalars(select(Job).with_for_update(skip_locked=True)).one()
            ErasureRepository(retention).erase(job, reason="retention")
            retention.flush()
            thread = start_erasing(sessions, seeded, answers)
            wait_until(lambda: waits_for_a_lock(sessions), timeout_s=60, what="it waits")
        thread.join(60)
        with sessions() as session:
            [erasure] = session.scalars(select(Erasure)).all()
        assert (answers, erasure.reason, erasure.key_id) == ([False], "retention", None)

    def test_retention_passes_over_a_job_that_is_being_erased(
        self, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, FAILED)
        with unit_of_work(sessions) as session:
            past = func.now() - text("interval '1 day'")
            session.execute(update(Job).values(finished_at=past, expires_at=past))
        answers: list[bool] = []
        with unit_of_work(sessions) as worker:
            worker.get_one(Item, seeded.items[0].id, with_for_update=True)
            thread = start_erasing(sessions, seeded, answers)
            wait_until(lambda: waits_for_a_lock(sessions), timeout_s=60, what="it waits")
            with unit_of_work(sessions) as retention:
                assert RetentionRepository(retention).due_jobs(limit=10) == []
        thread.join(60)
        with sessions() as session:
            assert session.scalars(select(Erasure.key_id)).all() == [WHO.key_id]

    def test_of_two_who_ask_one_erases(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, READY)
        answers: list[bool] = []
        with unit_of_work(sessions) as session:
            assert erase(session, "default", seeded.job.public_id, urls_hold=NONE, asked=WHO)
            thread = start_erasing(sessions, seeded, answers)
            wait_until(lambda: waits_for_a_lock(sessions), timeout_s=60, what="it waits")
        thread.join(60)
        assert answers == [False]


class TestKeep:
    def test_waits_for_retention_that_deletes_the_object(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            ErasureRepository(session).schedule_deletion(["photos/x"])
        kept = threading.Event()

        def keep() -> None:
            with unit_of_work(sessions) as session:
                ErasureRepository(session).keep(["photos/x"])
            kept.set()

        with unit_of_work(sessions) as sweeper:
            sweeper.execute(select(DoomedObject).with_for_update())
            thread = threading.Thread(target=keep)
            thread.start()
            assert not kept.wait(0.3)
        thread.join(60)
        assert kept.is_set()
        assert scheduled(sessions) == set()

    def test_is_fine_without_anything_to_keep(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            ErasureRepository(session).keep([])

    def test_refuses_what_is_neither_listed_nor_named(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session, pytest.raises(TransientError, match="1 photos"):
            ErasureRepository(session).keep(["photos/x"])

    def test_takes_what_another_job_named_meanwhile(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, READY)
        with unit_of_work(sessions) as session:
            item = session.get_one(Item, seeded.items[0].id)
            item.sha256 = b"\x07" * 32
            item.object_key = photo_key("default", item.sha256)
        with unit_of_work(sessions) as session:
            ErasureRepository(session).keep([photo_key("default", b"\x07" * 32)])


class TestRetryAgainstErase:
    def test_a_retry_under_way_keeps_its_photos_named(self, sessions: SessionFactory) -> None:
        seeded = seed(sessions, FAILED)
        key = seeded.items[0].object_key
        with unit_of_work(sessions) as session:
            session.execute(update(Outcome).values(error_code=ItemErrorCode.TIME_LIMIT))

        def erase_it() -> None:
            with unit_of_work(sessions) as session:
                erase(session, "default", seeded.job.public_id, urls_hold=NONE)

        with unit_of_work(sessions) as session:
            made = retry(
                session, "default", seeded.job.public_id, idempotency_key=None, rules=RULES
            )
            thread = threading.Thread(target=erase_it)
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
        thread.join(60)
        with sessions() as session:
            [item] = session.scalars(select(Item)).all()
            assert (item.job_id, item.object_key) == (made.job.id, key)
        assert scheduled(sessions) == {key}

    def test_a_job_that_never_was_cannot_be_retried(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session, pytest.raises(JobError) as caught:
            retry(session, "default", uuid.uuid4(), idempotency_key=None, rules=RULES)
        assert caught.value.code == JobErrorCode.NOT_FOUND
