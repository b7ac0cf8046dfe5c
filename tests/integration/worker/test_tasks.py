"""The Celery task without Celery's processes."""

import uuid

import pytest
from structlog.testing import capture_logs

from services.worker.tasks import RuntimeTask, analyse


class FakeRuntime:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.served: list[uuid.UUID] = []

    def analyse(self, *, task: uuid.UUID) -> int:
        self.served.append(task)
        return 1


class TestTask:
    @pytest.fixture
    def runtime(self, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
        runtime = FakeRuntime()
        monkeypatch.setattr(RuntimeTask, "runtime", runtime)
        return runtime

    def test_serves_a_hint_under_its_own_id(self, runtime: FakeRuntime) -> None:
        task = uuid.uuid4()
        analyse.apply(args=(7,), kwargs={"v": 1}, task_id=str(task))
        assert runtime.served == [task]

    def test_leaves_a_hint_of_a_newer_sender_to_newer_workers(self, runtime: FakeRuntime) -> None:
        with capture_logs() as logs:
            analyse.apply(args=(7,), kwargs={"v": 2}, task_id=str(uuid.uuid4()))
        assert runtime.served == []
        assert [line["event"] for line in logs] == ["hint.too_new"]
