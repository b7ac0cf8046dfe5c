import uuid
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Worker
from services.common.domain.faces import AnalysisOptions, DetectorName
from services.common.domain.queues import Device
from services.common.processes.repositories import WorkerIdentity, WorkerRepository
from tests.fixtures.factories import JobMaker

LONG_AGO = text("now() - interval '2 minutes'")


def identity(kind: Device = Device.CPU, *, main_pid: int = 1) -> WorkerIdentity:
    return WorkerIdentity(
        id=uuid.uuid4(), kind=kind, host="here", pid=2, main_pid=main_pid, model_version="m"
    )


def beat(
    sessions: SessionFactory,
    worker: WorkerIdentity,
    *,
    claim_age_s: float | None = None,
    **current: str | list[str],
) -> None:
    with unit_of_work(sessions) as session:
        repository = WorkerRepository(session)
        repository.beat(worker, claim_age_s=claim_age_s, current={"faces": 3, **current})


def live(sessions: SessionFactory) -> dict[Device, int]:
    with unit_of_work(sessions) as session:
        return WorkerRepository(session).live()


def age(sessions: SessionFactory, worker: WorkerIdentity, **columns: object) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Worker).where(Worker.id == worker.id).values(**columns))


class TestAnswering:
    def test_counts_live_children_by_the_model_that_they_answer_with(
        self, sessions: SessionFactory
    ) -> None:
        for version in ("m", "m", "n"):
            beat(sessions, replace(identity(), model_version=version))
        silent = identity()
        beat(sessions, silent)
        age(sessions, silent, beat_at=LONG_AGO)
        with unit_of_work(sessions) as session:
            assert WorkerRepository(session).answering() == {"m": 2, "n": 1}


class TestDetectors:
    def test_are_those_of_live_children_and_an_empty_name_for_one_that_tells_none(
        self, sessions: SessionFactory
    ) -> None:
        silent = identity()
        beat(sessions, silent, detector="gone")
        age(sessions, silent, beat_at=LONG_AGO)
        for name in ("openvino", "openvino", "facenet"):
            beat(sessions, identity(), detector=name)
        beat(sessions, identity())
        with unit_of_work(sessions) as session:
            assert WorkerRepository(session).detectors() == {"openvino", "facenet", ""}


class TestFormats:
    def test_are_those_of_live_children_that_tell_them(self, sessions: SessionFactory) -> None:
        silent = identity()
        beat(sessions, silent, formats=["GIF"])
        age(sessions, silent, beat_at=LONG_AGO)
        for names in (["JPEG", "HEIC"], ["JPEG", "HEIC"], ["JPEG"]):
            beat(sessions, identity(), formats=names)
        beat(sessions, identity())
        with unit_of_work(sessions) as session:
            found = WorkerRepository(session).formats()
        assert sorted(map(sorted, found)) == [["HEIC", "JPEG"], ["JPEG"]]


class TestBeat:
    def test_first_one_writes_the_row(self, sessions: SessionFactory) -> None:
        worker = identity()
        beat(sessions, worker)
        with unit_of_work(sessions) as session:
            row = session.get_one(Worker, worker.id)
        assert (row.kind, row.host, row.model_version, row.claimed_at) == ("cpu", "here", "m", None)
        assert row.current == {"faces": 3, "main_pid": "1"}

    def test_later_ones_refresh_it(self, sessions: SessionFactory) -> None:
        worker = identity()
        beat(sessions, worker)
        age(sessions, worker, beat_at=LONG_AGO)
        beat(sessions, worker, claim_age_s=5)
        assert live(sessions) == {Device.CPU: 1}
        with unit_of_work(sessions) as session:
            since = session.scalar(select(func.extract("epoch", func.now() - Worker.claimed_at)))
        assert since is not None
        assert 5 <= since < 60

    def test_one_without_a_claim_keeps_the_last(self, sessions: SessionFactory) -> None:
        worker = identity()
        beat(sessions, worker, claim_age_s=5)
        beat(sessions, worker)
        with unit_of_work(sessions) as session:
            assert session.get_one(Worker, worker.id).claimed_at is not None


class TestLive:
    def test_counts_by_kind(self, sessions: SessionFactory) -> None:
        for kind in (Device.CPU, Device.CPU, Device.GPU):
            beat(sessions, identity(kind))
        assert live(sessions) == {Device.CPU: 2, Device.GPU: 1}

    def test_leaves_out_those_that_fell_silent(self, sessions: SessionFactory) -> None:
        worker = identity()
        beat(sessions, worker)
        age(sessions, worker, beat_at=LONG_AGO)
        assert live(sessions) == {}

    def test_leaves_out_those_that_left(self, sessions: SessionFactory) -> None:
        worker = identity()
        beat(sessions, worker)
        with unit_of_work(sessions) as session:
            WorkerRepository(session).remove(worker.id)
        assert live(sessions) == {}


class TestForgetDead:
    def test_drops_rows_of_yesterday_only(self, sessions: SessionFactory) -> None:
        old, silent = identity(), identity()
        for worker in (old, silent):
            beat(sessions, worker)
        age(sessions, old, beat_at=text("now() - interval '2 days'"))
        age(sessions, silent, beat_at=LONG_AGO)
        with unit_of_work(sessions) as session:
            WorkerRepository(session).forget_dead()
            assert session.scalars(select(Worker.id)).all() == [silent.id]


class TestStarving:
    @pytest.fixture
    def worker(self, sessions: SessionFactory, make_job: JobMaker) -> WorkerIdentity:
        """A worker that started and photos that became ready two minutes ago."""
        worker = identity()
        beat(sessions, worker)
        age(sessions, worker, started_at=LONG_AGO)
        make_job(1, item={"next_at": LONG_AGO})
        return worker

    def starving(self, sessions: SessionFactory, worker: WorkerIdentity) -> bool:
        with unit_of_work(sessions) as session:
            return WorkerRepository(session).starving(worker, waiting_s=60)

    def test_is_true_when_photos_wait_and_nobody_claims(
        self, sessions: SessionFactory, worker: WorkerIdentity
    ) -> None:
        assert self.starving(sessions, worker)

    def test_is_false_when_a_sibling_claims(
        self, sessions: SessionFactory, worker: WorkerIdentity
    ) -> None:
        beat(sessions, identity(), claim_age_s=1)
        assert not self.starving(sessions, worker)

    def test_minds_only_children_of_its_own_main_process(
        self, sessions: SessionFactory, worker: WorkerIdentity
    ) -> None:
        beat(sessions, identity(main_pid=9), claim_age_s=1)
        assert self.starving(sessions, worker)

    def test_is_false_when_nothing_waits(
        self, sessions: SessionFactory, worker: WorkerIdentity
    ) -> None:
        with unit_of_work(sessions) as session:
            session.execute(text("UPDATE item SET state = 3"))
        assert not self.starving(sessions, worker)

    def test_is_false_right_after_the_start(
        self, sessions: SessionFactory, worker: WorkerIdentity
    ) -> None:
        age(sessions, worker, started_at=func.now())
        assert not self.starving(sessions, worker)

    def test_is_false_when_what_waits_wants_another_detector(
        self, sessions: SessionFactory, make_job: JobMaker
    ) -> None:
        worker = identity()
        beat(sessions, worker, detector="openvino")
        age(sessions, worker, started_at=LONG_AGO)
        wanted = AnalysisOptions(detector=DetectorName.FACENET)
        make_job(1, options=wanted, item={"next_at": LONG_AGO})
        assert not self.starving(sessions, worker)
        beat(sessions, worker, detector="facenet")
        assert self.starving(sessions, worker)
