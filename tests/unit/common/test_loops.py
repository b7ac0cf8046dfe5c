import threading
from pathlib import Path

from structlog.testing import capture_logs

from services.common.loops import STALLED_S, Loop, supervise
from services.common.pulse import Pulse


class TestTick:
    def test_tells_whether_there_is_more_to_do(self) -> None:
        answers = iter([True, False])
        loop = Loop("busy", lambda: next(answers), every_s=1)
        assert [loop.tick(), loop.tick()] == [True, False]

    def test_survives_a_step_that_raises(self) -> None:
        loop = Loop("broken", lambda: bool(1 / 0), every_s=1)
        with capture_logs() as logs:
            assert loop.tick() is False
        assert [line["event"] for line in logs] == ["loop.failed"]


class TestSupervise:
    def test_runs_the_loops_until_told_to_stop(self) -> None:
        stop = threading.Event()
        steps: list[int] = []

        def step() -> bool:
            steps.append(1)
            if len(steps) == 3:
                stop.set()
            return len(steps) < 3

        loop = Loop("worker", step, every_s=60)
        assert supervise([loop], stop=stop, every_s=0.01) == 0
        assert len(steps) == 3
        assert not loop.is_alive

    def test_ends_with_an_error_when_a_loop_hangs(self) -> None:
        now = [0.0]
        release = threading.Event()

        def hang() -> bool:
            now[0] = STALLED_S + 10
            return release.wait()

        loop = Loop("hung", hang, every_s=1, clock=lambda: now[0])
        with capture_logs() as logs:
            assert supervise([loop], stop=threading.Event(), every_s=0.01) == 1
        release.set()
        loop.join(60)
        assert {"event": "loop.dead", "loops": ["hung"], "log_level": "critical"} in logs

    def test_beats_while_all_loops_live(self, tmp_path: Path) -> None:
        stop = threading.Event()
        pulse = tmp_path / "pulse"

        def step() -> bool:
            if pulse.exists():
                stop.set()
            return False

        loop = Loop("worker", step, every_s=0.01)
        assert supervise([loop], stop=stop, pulse=Pulse(pulse), every_s=0.01) == 0
        assert pulse.exists()

    def test_does_not_beat_for_a_dead_loop(self, tmp_path: Path) -> None:
        now = [0.0]
        release = threading.Event()

        def hang() -> bool:
            now[0] = STALLED_S + 10
            return release.wait()

        loop = Loop("hung", hang, every_s=1, clock=lambda: now[0])
        pulse = tmp_path / "pulse"
        with capture_logs():
            supervise([loop], stop=threading.Event(), pulse=Pulse(pulse), every_s=0.5)
        release.set()
        loop.join(60)
        assert not pulse.exists()
