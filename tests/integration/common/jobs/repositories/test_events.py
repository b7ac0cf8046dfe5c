"""The order of events: none is skipped, whoever commits first."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoAnalysis
from services.common.domain.ids import new_uuid7
from services.common.domain.queues import Lane
from services.common.jobs.queue.repositories.sweeps import SweepRepository
from services.common.jobs.repositories.events import (
    _BY_INDEX,
    EventRepository,
    FinishedPhotos,
    _page,
)
from services.common.jobs.repositories.items import ItemRepository, NewItem, Refusal
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.working import HandWorker

BAD = ItemError(ItemErrorCode.DECODE_FAILED, "not a photo")


@pytest.fixture
def worker(sessions: SessionFactory) -> HandWorker:
    return HandWorker(sessions)


class Reader:
    """Reads on from where it stopped."""

    def __init__(self, sessions: SessionFactory, job_id: int) -> None:
        self._sessions = sessions
        self._job_id = job_id
        self.cursor = 0

    def read(self, *, limit: int = 100, final: bool = False) -> FinishedPhotos:
        with unit_of_work(self._sessions) as session:
            found = EventRepository(session).finished(
                self._job_id, after=self.cursor, limit=limit, final=final
            )
        if found.photos:
            self.cursor = found.photos[-1].event_id
        return found

    def seqs(self, *, limit: int = 100, final: bool = False) -> list[int]:
        return [found.photo.seq for found in self.read(limit=limit, final=final).photos]


class TestFinished:
    def test_tells_photos_as_they_are_finished(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker
    ) -> None:
        job = make_job(4)
        reader = Reader(sessions, job.id)
        worker.claim(job.id)
        assert reader.seqs() == []
        worker.finish(job.items[2])
        worker.finish(job.items[0], result=BAD)
        assert reader.seqs() == [2, 0]
        worker.finish(job.items[3], job.items[1])
        assert reader.seqs() == [1, 3]
        assert reader.seqs() == []

    def test_holds_back_what_an_older_transaction_may_come_before(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker
    ) -> None:
        """The trap: a reader that told the second photo would never see the first."""
        job = make_job(3)
        reader = Reader(sessions, job.id)
        worker.claim(job.id)
        with worker.finishing(job.items[0]):
            worker.finish(job.items[1])
            found = reader.read()
            assert (found.photos, found.held_back) == ([], True)
        worker.finish(job.items[2])
        assert reader.seqs() == [0, 1, 2]
        assert not reader.read().held_back

    def test_tells_what_is_older_than_an_open_transaction(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker
    ) -> None:
        job = make_job(2)
        reader = Reader(sessions, job.id)
        worker.claim(job.id)
        worker.finish(job.items[1])
        with worker.finishing(job.items[0]):
            found = reader.read()
            assert [told.photo.seq for told in found.photos] == [1]
            assert not found.held_back
        assert reader.seqs() == [0]

    def test_skips_nothing_when_the_older_transaction_fails(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker
    ) -> None:
        job = make_job(2)
        reader = Reader(sessions, job.id)
        worker.claim(job.id)

        def fail() -> None:
            with worker.finishing(job.items[0]):
                worker.finish(job.items[1])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert reader.seqs() == [1]
        worker.finish(job.items[0])
        assert reader.seqs() == [0]

    def test_holds_nothing_back_of_a_final_job(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker
    ) -> None:
        job, other = make_job(2), make_job(1)
        worker.claim(job.id)
        worker.claim(other.id)
        with worker.finishing(other.items[0]):
            worker.finish(*job.items)
            assert Reader(sessions, job.id).read().held_back
            assert Reader(sessions, job.id).seqs(final=True) == [0, 1]

    def test_pages(self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker) -> None:
        job = make_job(5)
        reader = Reader(sessions, job.id)
        worker.finish(*worker.claim(job.id))
        pages = [reader.read(limit=2) for _ in range(3)]
        assert [len(page.photos) for page in pages] == [2, 2, 1]
        assert [page.more for page in pages] == [True, True, False]

    def test_numbers_photos_that_were_refused_at_submission(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(1)
        refused = NewItem(
            public_id=new_uuid7(),
            filename="empty.jpg",
            sha256=bytes(32),
            byte_count=0,
            refusal=Refusal(ItemErrorCode.EMPTY, "The file is empty."),
        )
        with unit_of_work(sessions) as session:
            ItemRepository(session).copy(job.id, [refused], lane=Lane.BATCH, first_seq=1)
        (found,) = Reader(sessions, job.id).read().photos
        assert found.photo.error_code == "empty"

    def test_numbers_photos_that_the_sweeper_condemned(
        self, sessions: SessionFactory, make_job: JobMaker, rows: Rows
    ) -> None:
        past = text("now() - interval '1 s'")
        job = make_job(1, item={"state": 1, "lease_until": past, "attempts": 12})
        with unit_of_work(sessions) as session:
            SweepRepository(session).expire_leases(limit=10, max_attempts=12)
        (found,) = Reader(sessions, job.id).read().photos
        assert found.photo.error_code == "retries_exhausted"
        assert rows.item(job.items[0]).event_id == found.event_id

    def test_has_no_event_for_a_cancelled_photo(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        job = make_job(2, item={"state": 3})
        assert Reader(sessions, job.id).seqs(final=True) == []

    @pytest.mark.parametrize("analysed", [False, True])
    def test_walks_its_index_whatever_statistics_say(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker, *, analysed: bool
    ) -> None:
        job = make_job(3_000)
        worker.finish(*worker.claim(job.id))
        with unit_of_work(sessions) as session:
            if analysed:
                session.execute(text("ANALYZE item, outcome"))
            session.execute(_BY_INDEX)
            query = _page(job.id, after=5, limit=100).compile(
                dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
            )
            plan = "\n".join(session.scalars(text(f"EXPLAIN {query}")))
        assert "Index Scan using ix_item_event" in plan
        assert "Sort" not in plan


class TestGlance:
    def test_changes_with_every_finished_photo_and_the_end(
        self, sessions: SessionFactory, make_job: JobMaker, worker: HandWorker
    ) -> None:
        job = make_job(2)

        def glance() -> object:
            with unit_of_work(sessions) as session:
                return EventRepository(session).glance([job.id, 999])

        seen = [glance()]
        worker.claim(job.id)
        seen.append(glance())
        worker.finish(job.items[0])
        seen.append(glance())
        worker.finish(job.items[1], result=PhotoAnalysis(1, 1, 1))
        seen.append(glance())
        worker.close(job.id)
        seen.append(glance())
        told = [("queued", 0), ("running", 0), ("running", 1), ("running", 2), ("succeeded", 2)]
        assert seen == [{job.id: glance} for glance in told]
