"""Which model a job may ask for, by what is published and what live workers tell."""

import uuid
from typing import Any

import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.queues import Device
from services.common.jobs.job_models import choose_model
from services.common.jobs.options import JobModel
from services.common.processes.repositories import WorkerIdentity, WorkerRepository

SHA256 = bytes(range(32))
VERSION = "mine-0.2.0+00010203"
ROOM = {"job_models": {"room": 2, "refused": {}}}


@pytest.fixture
def published(sessions: SessionFactory) -> Model:
    with unit_of_work(sessions) as session:
        model = Model(
            public_id=new_uuid7(),
            name="mine",
            version="0.2.0",
            sha256=SHA256,
            manifest={},
            active=False,
        )
        session.add(model)
    return model


def choose(sessions: SessionFactory, asked: str | None, *workers: dict[str, Any]) -> Any:
    with unit_of_work(sessions) as session:
        for current in workers:
            worker = WorkerIdentity(uuid.uuid4(), Device.CPU, "h", 1, 1, "m")
            WorkerRepository(session).beat(worker, claim_age_s=None, current=current)
        return choose_model(session, asked)


class TestChooseModel:
    def test_finds_it_by_version_and_id(self, sessions: SessionFactory, published: Model) -> None:
        assert choose(sessions, None) is None
        for asked in (VERSION, "mine-0.2.0", format_id(IdKind.MODEL, published.public_id)):
            assert choose(sessions, asked, ROOM, {}) == JobModel(VERSION, SHA256)

    @pytest.mark.usefixtures("published")
    @pytest.mark.parametrize(
        ("asked", "sentence"),
        [
            ("mine-0.3.0", "No model is published as 'mine-0.3.0'"),
            ("../mine", "GET /v1/models lists those that are"),
            ("mdl_" + "0" * 32, "No model is published"),
            ("mine-0.2.0+ffffffff", f"was withdrawn: its bundle was replaced by '{VERSION}'"),
        ],
    )
    def test_refuses_what_is_not_published_or_no_more(
        self, sessions: SessionFactory, asked: str, sentence: str
    ) -> None:
        with pytest.raises(JobError) as caught:
            choose(sessions, asked)
        assert caught.value.code == JobErrorCode.MODEL_UNAVAILABLE
        assert sentence in caught.value.detail

    @pytest.mark.usefixtures("published")
    def test_is_waited_for_where_no_worker_lives(self, sessions: SessionFactory) -> None:
        assert choose(sessions, VERSION) == JobModel(VERSION, SHA256)

    @pytest.mark.usefixtures("published")
    @pytest.mark.parametrize(
        ("workers", "sentence"),
        [
            ([{}, {"detector": "retinaface"}], "upgrade the workers"),
            ([{"job_models": {"room": 0, "refused": {}}}, {}], "HFER_WORKER__MAX_MEMORY_MB"),
            (
                [{"job_models": {"room": 2, "refused": {SHA256.hex(): "Golden answers differ."}}}],
                f"No worker can load '{VERSION}': Golden answers differ.",
            ),
        ],
    )
    def test_refuses_what_no_live_worker_can_answer_with(
        self, sessions: SessionFactory, workers: list[dict[str, Any]], sentence: str
    ) -> None:
        with pytest.raises(JobError) as caught:
            choose(sessions, VERSION, *workers)
        assert sentence in caught.value.detail

    @pytest.mark.usefixtures("published")
    def test_one_worker_that_can_is_enough(self, sessions: SessionFactory) -> None:
        refusing = {"job_models": {"room": 2, "refused": {SHA256.hex(): "No."}}}
        assert choose(sessions, VERSION, refusing, ROOM, {}) == JobModel(VERSION, SHA256)

    def test_the_active_one_takes_no_room(self, sessions: SessionFactory, published: Model) -> None:
        with unit_of_work(sessions) as session:
            session.get_one(Model, published.id).active = True
        assert choose(sessions, VERSION, {"job_models": {"room": 0, "refused": {}}}) is not None
