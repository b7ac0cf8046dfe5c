"""Reading jobs and photos: counts, pages, who made the results."""

import pytest
from sqlalchemy import update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Outcome
from services.common.domain.jobs import ItemStatus, JobCounts
from services.common.jobs.repositories.jobs import JobFilter, JobRepository, PageKey
from services.common.jobs.repositories.results import (
    ResultRepository,
    is_full,
    photos_a_page,
)
from services.common.jobs.repositories.tallies import TallyRepository
from services.common.jobs.views import list_jobs
from tests.fixtures.jobs import MODEL_VERSION, face_payload, photo_payload, seed_job

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
READY, RUNNING, CANCELLED = ItemStatus.QUEUED, ItemStatus.RUNNING, ItemStatus.CANCELLED


class TestCounts:
    def test_of_many_jobs_come_at_once(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            mixed = seed_job(session, [DONE, NO_FACE, FAILED, READY, RUNNING, CANCELLED, READY])
            done = seed_job(session, [DONE, DONE])
            empty = seed_job(session, [])
            ids = [seeded.job.id for seeded in (mixed, done, empty)]
            assert TallyRepository(session).counts(ids) == {
                ids[0]: JobCounts(7, 2, 1, 1, 1, 1, 1),
                ids[1]: JobCounts(2, 0, 0, 2, 0, 0, 0),
                ids[2]: JobCounts(),
            }

    def test_of_no_job_are_none(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            assert TallyRepository(session).counts([]) == {}


class TestPage:
    def test_follows_the_key(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            jobs = [seed_job(session).job for _ in range(3)]  # one transaction, one creation time
            repository = JobRepository(session)
            first = repository.page("default", narrow=JobFilter(), after=None, limit=2)
            last = first[-1].job
            rest = repository.page(
                "default",
                narrow=JobFilter(),
                after=PageKey(last.created_at, last.public_id),
                limit=2,
            )
            shown = [row.job.id for row in first + rest]
            assert shown == [job.id for job in reversed(jobs)]

    def test_of_views_knows_parents_and_models(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            parent = seed_job(session, [FAILED, DONE]).job
            seed_job(session, [READY], parent_id=parent.id)
            views = list_jobs(session, "default", narrow=JobFilter(), after=None, limit=9)
            assert [(view.parent, view.model_version) for view in views] == [
                (parent.public_id, None),
                (None, MODEL_VERSION),
            ]


class TestModelVersions:
    def test_come_from_usable_results_only(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            done = seed_job(session, [FAILED, NO_FACE]).job.id
            failed = seed_job(session, [FAILED, READY]).job.id
            versions = ResultRepository(session).model_versions([done, failed])
            assert versions == {done: MODEL_VERSION}


class TestPhotosOfAPage:
    def test_ends_where_it_has_as_many_faces_as_one_may_have(
        self, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.common.jobs.repositories.results.FACES_A_PAGE", 4)
        faces = photo_payload(face_payload(), face_payload(1))
        with unit_of_work(sessions) as session:
            job = seed_job(session, [DONE] * 4).job
            session.execute(update(Outcome).values(payload=faces))
            repository = ResultRepository(session)
            page = repository.page(job.id, after_seq=-1, limit=200)
            assert ([record.seq for record in page], is_full(page)) == ([0, 1], True)
            assert [record.seq for record in repository.page(job.id, after_seq=1, limit=1)] == [2]

    @pytest.mark.parametrize(("faces", "photos"), [(1, 200), (300, 66), (50_000, 1)])
    def test_holds_fewer_photos_the_more_faces_each_may_have(self, faces: int, photos: int) -> None:
        assert photos_a_page(200, faces=faces) == photos


class TestFinalWindow:
    def test_skips_what_may_still_change(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            job = seed_job(session, [READY, DONE, RUNNING, FAILED, CANCELLED, NO_FACE]).job
            repository = ResultRepository(session)
            windows = [
                repository.final_window(job.id, first_seq=first, size=4) for first in (0, 4, 8)
            ]
            shown = [[(record.seq, record.status) for record in window] for window in windows]
            assert shown == [[(1, DONE), (3, FAILED)], [(4, CANCELLED), (5, NO_FACE)], []]
