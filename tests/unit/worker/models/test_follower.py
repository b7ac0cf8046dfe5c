import threading
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs

from services.worker.models.follower import ModelFollower

# Far longer than a busy machine needs; nothing waits for it to pass.
LONG_S = 30.0


class FakeManager:
    """Does at each step what the script says; ``state`` is what the last step left."""

    def __init__(self, *script: object) -> None:
        self._script = list(script)
        self.state: object = "shipped"
        self.threads: set[str] = set()
        self.done = threading.Event()

    def sync(self) -> bool:
        self.threads.add(threading.current_thread().name)
        if not self._script:
            self.done.set()
            return False
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        self.state = step
        return True


@contextmanager
def following(manager: FakeManager, reported: list[object], *, every_s: float) -> Iterator[None]:
    follower = ModelFollower(
        manager,
        every_s=every_s,
        state=lambda: manager.state,
        changed=lambda: reported.append(manager.state),
    )
    follower.start()
    try:
        yield
    finally:
        follower.stop()


class TestFollower:
    def test_syncs_again_at_once_after_a_load_and_reports_each_change(self) -> None:
        manager = FakeManager("shipped", "second", "second", "third")
        reported: list[object] = []
        with following(manager, reported, every_s=LONG_S):
            assert manager.done.wait(LONG_S)
        assert reported == ["second", "third"]
        assert manager.threads == {"models"}

    def test_a_fault_does_not_end_it(self) -> None:
        manager = FakeManager(ZeroDivisionError("a bug"), "second")
        reported: list[object] = []
        with capture_logs() as logs, following(manager, reported, every_s=0.001):
            assert manager.done.wait(LONG_S)
        assert reported == ["second"]
        assert [(line["event"], line["error"]) for line in logs] == [
            ("model.look_failed", "ZeroDivisionError")
        ]

    def test_stops_while_it_rests(self) -> None:
        manager = FakeManager()
        with following(manager, [], every_s=LONG_S):
            assert manager.done.wait(LONG_S)
        assert "models" not in {thread.name for thread in threading.enumerate()}
