import threading
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs

from services.worker.models.follower import ModelFollower

# Far longer than a busy machine needs; nothing waits for it to pass.
LONG_S = 30.0


class Desk:
    """Does at each look what the script says; ``state`` is what the last step left."""

    def __init__(self, *script: object) -> None:
        self._script = list(script)
        self.state: object = "shipped"
        self.threads: set[str] = set()
        self.done = threading.Event()

    def look(self) -> bool:
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
def following(desk: Desk, told: list[object], *, every_s: float) -> Iterator[None]:
    follower = ModelFollower(
        desk,
        every_s=every_s,
        state=lambda: desk.state,
        changed=lambda: told.append(desk.state),
    )
    follower.start()
    try:
        yield
    finally:
        follower.stop()


class TestFollower:
    def test_looks_again_at_once_after_a_load_and_tells_each_change(self) -> None:
        desk = Desk("shipped", "second", "second", "third")
        told: list[object] = []
        with following(desk, told, every_s=LONG_S):
            assert desk.done.wait(LONG_S)
        assert told == ["second", "third"]
        assert desk.threads == {"models"}

    def test_a_fault_does_not_end_it(self) -> None:
        desk = Desk(ZeroDivisionError("a bug"), "second")
        told: list[object] = []
        with capture_logs() as logs, following(desk, told, every_s=0.001):
            assert desk.done.wait(LONG_S)
        assert told == ["second"]
        assert [(line["event"], line["error"]) for line in logs] == [
            ("model.look_failed", "ZeroDivisionError")
        ]

    def test_stops_while_it_rests(self) -> None:
        desk = Desk()
        with following(desk, [], every_s=LONG_S):
            assert desk.done.wait(LONG_S)
        assert "models" not in {thread.name for thread in threading.enumerate()}
