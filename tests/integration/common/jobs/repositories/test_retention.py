import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, Item, Job
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.jobs.repositories.retention import RetentionRepository
from tests.fixtures.factories import JobMaker, MadeJob, Rows

YESTERDAY = text("now() - interval '1 day'")
TOMORROW = text("now() + interval '1 day'")
DAYS_AGO = text("now() - interval '3 days'")
HOUR_S = 3_600
HOUR = timedelta(seconds=HOUR_S)
NONE = timedelta(0)


def due_inputs(
    sessions: SessionFactory, *, keep_s: int = HOUR_S, keep_max_s: int = 24 * HOUR_S
) -> list[int]:
    with unit_of_work(sessions) as session:
        repository = RetentionRepository(session)
        due = repository.due_inputs(keep_s=keep_s, keep_max_s=keep_max_s, limit=9)
        return [job.id for job in due]


def due_jobs(sessions: SessionFactory) -> list[int]:
    with unit_of_work(sessions) as session:
        return [job.id for job in RetentionRepository(session).due_jobs(limit=9)]


def erase_inputs(sessions: SessionFactory, job: MadeJob) -> None:
    with unit_of_work(sessions) as session:
        RetentionRepository(session).erase_inputs(session.get_one(Job, job.id))


def due_objects(
    sessions: SessionFactory, *, grace: timedelta = NONE
) -> tuple[list[str], list[str]]:
    with unit_of_work(sessions) as session:
        return RetentionRepository(session).due_objects(grace=grace, limit=99)


def keys_of(rows: Rows, job: MadeJob) -> list[str]:
    return sorted(item.object_key for item in rows.items(job.id))


class TestInputs:
    def test_finished_jobs_are_due_after_their_time(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        old = make_job(1, status=JobStatus.SUCCEEDED, finished_at=YESTERDAY)
        make_job(1, status=JobStatus.SUCCEEDED, finished_at=func.now())
        make_job(1, status=JobStatus.RUNNING)
        assert due_inputs(sessions) == [old.id]

    def test_each_is_due_after_the_time_that_its_job_asked_for(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        ended = {"status": JobStatus.SUCCEEDED, "finished_at": text("now() - interval '2 hours'")}
        make_job(1, **ended, keep_photos_s=3 * HOUR_S)
        sooner = make_job(1, **ended, keep_photos_s=0)
        of_before = make_job(1, **ended)
        assert due_inputs(sessions) == [sooner.id, of_before.id]
        assert due_inputs(sessions, keep_s=3 * HOUR_S) == [sooner.id]

    def test_a_maximum_that_was_lowered_counts_for_jobs_of_before(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        ended = {"status": JobStatus.SUCCEEDED, "finished_at": text("now() - interval '2 hours'")}
        job = make_job(1, **ended, keep_photos_s=3 * HOUR_S)
        assert due_inputs(sessions, keep_max_s=HOUR_S) == [job.id]

    def test_those_that_are_kept_for_longer_are_not_late(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        make_job(1, status=JobStatus.SUCCEEDED, finished_at=YESTERDAY, keep_photos_s=48 * HOUR_S)
        make_job(1, status=JobStatus.SUCCEEDED, finished_at=YESTERDAY, keep_photos_s=23 * HOUR_S)
        with unit_of_work(sessions) as session:
            overdue = RetentionRepository(session).overdue(
                keep_s=HOUR_S, keep_max_s=96 * HOUR_S, grace=NONE
            )
        assert overdue.inputs_s == pytest.approx(HOUR_S, abs=300)

    def test_once_erased_they_are_not_due_again(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(2, status=JobStatus.SUCCEEDED, finished_at=YESTERDAY)
        erase_inputs(sessions, job)
        assert due_inputs(sessions) == []
        assert rows.job(job.id).inputs_erased_at is not None
        assert len(rows.items(job.id)) == 2

    def test_their_photos_are_to_be_deleted(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(2, status=JobStatus.SUCCEEDED, finished_at=YESTERDAY)
        erase_inputs(sessions, job)
        gone, named = due_objects(sessions)
        assert (sorted(gone), named) == (keys_of(rows, job), [])

    def test_photos_that_were_never_stored_have_no_key_to_delete(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(2, status=JobStatus.FAILED, item={"object_key": ""})
        erase_inputs(sessions, job)
        assert due_objects(sessions) == ([], [])


class TestDueObjects:
    def test_spares_what_another_job_names(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        first = make_job(2, status=JobStatus.SUCCEEDED, finished_at=YESTERDAY)
        second = make_job(1)  # its photo is the first one of the other job
        erase_inputs(sessions, first)
        gone, named = due_objects(sessions)
        assert named == keys_of(rows, second)
        assert sorted(gone + named) == keys_of(rows, first)

    def test_waits_for_the_grace(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        erase_inputs(sessions, make_job(1))
        assert due_objects(sessions, grace=HOUR) == ([], [])
        with unit_of_work(sessions) as session:
            session.execute(update(DoomedObject).values(doomed_at=YESTERDAY))
        assert len(due_objects(sessions, grace=HOUR)[0]) == 1

    def test_takes_keys_of_other_shapes(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            ErasureRepository(session).schedule_deletion(["annotated/a/b.jpg"])
        assert due_objects(sessions) == (["annotated/a/b.jpg"], [])

    def test_an_upload_that_spares_a_key_waits_for_its_deletion(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(1)
        erase_inputs(sessions, job)
        with unit_of_work(sessions) as session:
            RetentionRepository(session).due_objects(grace=NONE, limit=9)
            with sessions() as other:
                free = other.scalars(
                    select(DoomedObject.object_key).with_for_update(skip_locked=True)
                ).all()
        assert free == []

    def test_forgets_what_was_deleted(self, sessions: SessionFactory, make_job: JobMaker) -> None:
        erase_inputs(sessions, make_job(2))
        with unit_of_work(sessions) as session:
            repository = RetentionRepository(session)
            gone, _ = repository.due_objects(grace=NONE, limit=9)
            repository.forget(gone)
            repository.forget([])
        assert due_objects(sessions) == ([], [])


class TestDueJobs:
    def test_finished_jobs_go_when_they_expire(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        done: dict[str, Any] = {"status": JobStatus.SUCCEEDED, "finished_at": DAYS_AGO}
        old = make_job(1, expires_at=YESTERDAY, **done)
        make_job(1, expires_at=TOMORROW, **done)
        make_job(1, status=JobStatus.RUNNING, expires_at=YESTERDAY)
        assert due_jobs(sessions) == [old.id]

    def test_a_job_that_ran_out_of_time_stays_a_day(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        expired: dict[str, Any] = {"status": JobStatus.EXPIRED, "expires_at": DAYS_AGO}
        make_job(1, finished_at=func.now(), **expired)
        old = make_job(1, finished_at=DAYS_AGO, **expired)
        assert due_jobs(sessions) == [old.id]

    def test_uploads_that_were_never_sealed_go(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        old = make_job(1, status=JobStatus.OPEN, upload_until=YESTERDAY)
        make_job(1, status=JobStatus.OPEN, upload_until=TOMORROW, created_at=DAYS_AGO)
        make_job(1, status=JobStatus.RUNNING, upload_until=YESTERDAY)
        assert due_jobs(sessions) == [old.id]

    def test_two_processes_share_the_work(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        make_job(1, status=JobStatus.OPEN, upload_until=YESTERDAY)
        with unit_of_work(sessions) as session:
            assert len(RetentionRepository(session).due_jobs(limit=9)) == 1
            assert due_jobs(sessions) == []


class TestOrphans:
    def test_finds_photos_that_no_living_row_names(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        living, erased = make_job(1), make_job(2)
        erase_inputs(sessions, erased)
        stray = "photos/0000/" + "ab" * 32
        keys = [*keys_of(rows, erased), stray, "photos/of another shape"]
        with unit_of_work(sessions) as session:
            unnamed = ErasureRepository(session).unnamed(keys)
        assert sorted(unnamed) == sorted(set(keys) - set(keys_of(rows, living)))

    def test_tells_jobs_that_still_have_their_photos(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        living, erased = make_job(1), make_job(1)
        erase_inputs(sessions, erased)
        with unit_of_work(sessions) as session:
            public = {job.id: job.public_id for job in session.scalars(select(Job))}
            found = RetentionRepository(session).jobs_with_inputs([*public.values(), uuid.uuid4()])
        assert found == {public[living.id]}


def test_erasing_a_job_leaves_no_row(sessions: SessionFactory, make_job: JobMaker) -> None:
    job = make_job(2, status=JobStatus.OPEN, upload_until=YESTERDAY)
    with unit_of_work(sessions) as session:
        (due,) = RetentionRepository(session).due_jobs(limit=9)
        ErasureRepository(session).erase(due, reason="retention")
    with unit_of_work(sessions) as session:
        assert session.get(Job, job.id) is None
        assert session.scalar(select(func.count()).select_from(Item)) == 0
