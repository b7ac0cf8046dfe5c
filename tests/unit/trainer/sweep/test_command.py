from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.sweep import process
from services.trainer.sweep.outcome import Outcome, Stopped
from services.trainer.sweep.plan import Trial
from tests.fixtures.training import write_image_folder
from tests.fixtures.trials import outcome

UNFINISHED = 3


def invoke(folder: Path, *arguments: str) -> Any:
    return CliRunner(env={"COLUMNS": "300", "TERM": "dumb"}).invoke(
        app,
        ["sweep", "--data", str(folder / "data"), "--run", str(folder / "sweep"), *arguments],
    )


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Runs that answer at once, the rate being the score; the second one stops first."""
    ran: list[Trial] = []

    def run(trial: Trial, **_: Any) -> Outcome | Stopped:
        ran.append(trial)
        if len(ran) == 2:
            return Stopped(reason="time_limit")
        return outcome(trial.candidate, trial.candidate.config.optim.lr, rung=trial.rung)

    monkeypatch.setattr(process, "run_in_process", run)
    return ran


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (["optim.lr=0.1"], "nothing to compare"),
            (["optim.speed=1:2"], "not a setting"),
            (["optim.lr=0.1:0.2", "optim.speed=1"], "not a setting"),
            (["optim.lr=0.1:much"], "optim.lr=much"),
            (["optim.lr=0.1:0.2", "loop.epochs=3"], "--rungs"),
            (["optim.lr=0.1:0.2", "--rungs", "3,1"], "no rungs"),
            (["optim.lr=0.1:0.2", "--preset", "slow"], "unknown preset"),
            (["optim.lr=0.1:0.2", "--keep", "0"], "keep"),
            (["optim.lr=0.1:0.2", "--by", "luck"], "luck"),
            (["loop.seed=1:2", "--seeds", "2"], "loop.seed"),
        ],
    )
    def test_is_2_before_anything_is_written(
        self, tmp_path: Path, trials: list[Trial], arguments: list[str], why: str
    ) -> None:
        result = invoke(tmp_path, *arguments)
        assert result.exit_code == 2, result.output
        assert why in result.output
        assert (trials, list(tmp_path.iterdir())) == ([], [])

    def test_the_folder_of_a_run_is_no_sweeps(self, tmp_path: Path) -> None:
        (tmp_path / "sweep").mkdir()
        (tmp_path / "sweep" / "run.json").touch()
        result = invoke(tmp_path, "optim.lr=0.1:0.2")
        assert result.exit_code == 2
        assert "another --run" in result.output


class TestSweep:
    ARGUMENTS = ("--rungs", "1,2", "data.size=16", "optim.lr=0.1:0.3:0.2")

    def test_stops_and_goes_on_with_the_same_command(
        self, tmp_path: Path, trials: list[Trial]
    ) -> None:
        write_image_folder(tmp_path / "data", train=4, test=1)
        stopped = invoke(tmp_path, *self.ARGUMENTS)
        assert stopped.exit_code == UNFINISHED, stopped.output
        assert "the same command continues" in stopped.output
        assert "so far" in stopped.output
        done = invoke(tmp_path, *self.ARGUMENTS)
        assert done.exit_code == 0, done.output
        rates = [(one.candidate.config.optim.lr, one.epochs) for one in trials]
        assert rates == [(0.1, 1), (0.3, 1), (0.3, 1), (0.2, 1), (0.3, 2)]
        assert {one.candidate.config.loop.epochs for one in trials} == {2}
        assert len(list((tmp_path / "sweep").rglob("images.npy"))) == 1
        for name in ("json", "csv", "md", "svg"):
            assert (tmp_path / "sweep" / f"sweep.{name}").stat().st_size > 0

    def test_tells_the_best_and_how_to_make_a_bundle_of_it(
        self, tmp_path: Path, trials: list[Trial]
    ) -> None:
        write_image_folder(tmp_path / "data", train=4, test=1)
        invoke(tmp_path, *self.ARGUMENTS)
        invoke(tmp_path, *self.ARGUMENTS)
        before = len(trials)
        again = invoke(tmp_path, *self.ARGUMENTS)
        assert (again.exit_code, len(trials)) == (0, before)
        assert "best: optim.lr=0.3" in again.output
        (command,) = [line for line in again.output.splitlines() if "its bundle:" in line]
        assert f"--run {trials[-1].folder}" in command
        assert command.endswith("data.size=16 loop.epochs=2 optim.lr=0.3")

    def test_another_sweep_in_its_folder_is_refused(
        self, tmp_path: Path, trials: list[Trial]
    ) -> None:
        write_image_folder(tmp_path / "data", train=4, test=1)
        invoke(tmp_path, *self.ARGUMENTS)
        before = len(trials)
        result = invoke(tmp_path, *self.ARGUMENTS, "--seeds", "2")
        assert (result.exit_code, len(trials)) == (1, before)
        assert "(seeds)" in result.output

    def test_the_folder_is_the_sweeps_before_any_run_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_image_folder(tmp_path / "data", train=4, test=1)
        monkeypatch.setattr(process, "run_in_process", lambda *_, **__: Stopped(reason="asked"))
        stopped = invoke(tmp_path, *self.ARGUMENTS)
        assert stopped.exit_code == UNFINISHED
        assert "(keep)" in invoke(tmp_path, *self.ARGUMENTS, "--keep", "0.9").output

    def test_by_default_goes_to_the_recipes_epochs(
        self, tmp_path: Path, trials: list[Trial]
    ) -> None:
        write_image_folder(tmp_path / "data", train=4, test=1)
        invoke(tmp_path, "data.size=16", "optim.lr=0.1:0.3:0.2")
        assert (trials[0].epochs, trials[0].candidate.config.loop.epochs) == (2, 20)
