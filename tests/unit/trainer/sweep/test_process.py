import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.trainer.sweep.outcome import Outcome, Status, Stopped
from services.trainer.sweep.plan import Trial
from services.trainer.sweep.process import CONSOLE, run_in_process
from tests.fixtures import trials
from tests.fixtures.fleet import wait_until
from tests.fixtures.launcher import wait_gone


class Recorder:
    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def began(self, **figures: Any) -> None:
        self.told.append(("began", figures))

    def stepped(self, **figures: Any) -> None:
        self.told.append(("stepped", figures))

    def finished_epoch(self, **figures: Any) -> None:
        self.told.append(("finished_epoch", figures))


def trial(folder: Path) -> Trial:
    candidate = trials.grid("optim.lr=0.1:0.2")[1]
    return Trial(candidate=candidate, seed=3, rung=1, epochs=2, folder=folder / "run")


class TestProcess:
    def test_hands_back_the_outcome_and_reports_on_the_way(self, tmp_path: Path) -> None:
        recorder = Recorder()
        found = run_in_process(
            trial(tmp_path),
            max_seconds=1_000,
            reporter=recorder,
            interrupted=lambda: False,
            work=trials.comes_to_an_end,
        )
        assert found == trials.outcome(trial(tmp_path).candidate, 0.5, rung=1, seed=3)
        left = recorder.told[1][1].pop("loss")
        assert 0 < left < 1_000
        assert recorder.told == [
            ("began", {"step": 0, "total": 8}),
            ("stepped", {"step": 1, "images_per_second": 3.0}),
            ("finished_epoch", {"epoch": 1, "loss": 0.5, "accuracy": 0.75}),
        ]
        assert "a line for the console" in (tmp_path / "run" / CONSOLE).read_text()

    @pytest.mark.parametrize(
        ("work", "why", "log"),
        [
            (trials.is_refused, "There are no weights; give others.", ""),
            (trials.has_a_bug, "its process ended with code 1; see ", "ZeroDivisionError: a bug"),
            (trials.is_killed, "killed, most likely for want of memory; see ", ""),
        ],
    )
    def test_whatever_ends_it_is_one_failed_run(
        self, tmp_path: Path, work: Any, why: str, log: str
    ) -> None:
        found = run_in_process(
            trial(tmp_path),
            max_seconds=math.inf,
            reporter=Recorder(),
            interrupted=lambda: False,
            work=work,
        )
        assert isinstance(found, Outcome)
        assert (found.status, found.seed, found.rung) == (Status.FAILED, 3, 1)
        assert why in found.detail
        assert log in (tmp_path / "run" / CONSOLE).read_text()

    def test_an_interruption_is_its_parents_to_tell(self, tmp_path: Path) -> None:
        recorder = Recorder()
        found = run_in_process(
            trial(tmp_path),
            max_seconds=math.inf,
            reporter=recorder,
            interrupted=lambda: bool(recorder.told),
            work=trials.waits_to_be_stopped,
        )
        assert found == Stopped(reason="saved")

    def test_killed_along_with_an_interruption_it_has_no_outcome(self, tmp_path: Path) -> None:
        found = run_in_process(
            trial(tmp_path),
            max_seconds=math.inf,
            reporter=Recorder(),
            interrupted=lambda: True,
            work=trials.is_killed,
        )
        assert found == Stopped(reason="interrupted")

    def test_does_not_outlive_a_parent_that_was_killed(self, tmp_path: Path) -> None:
        code = (
            "import math, sys; from pathlib import Path\n"
            "from services.trainer.sweep.process import run_in_process\n"
            "from tests.fixtures import trials\n"
            "from tests.unit.trainer.sweep.test_process import Recorder, trial\n"
            "run_in_process(trial(Path(sys.argv[1])), max_seconds=math.inf, reporter=Recorder(),"
            " interrupted=lambda: False, work=trials.waits_to_be_stopped)"
        )
        console = tmp_path / "run" / CONSOLE
        with subprocess.Popen([sys.executable, "-c", code, tmp_path]) as parent:
            wait_until(console.exists, timeout_s=60, what="a trial under way")
            children = psutil.Process(parent.pid).children()
            parent.kill()
        assert children  # the trial, and what Python starts beside a spawned process
        assert wait_gone(children) == []
