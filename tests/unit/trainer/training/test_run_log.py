import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.trainer.errors import RunError
from services.trainer.training.run_log import RunLog


class Curves:
    def __init__(self) -> None:
        self.starts: list[int] = []
        self.points: list[tuple[int, dict[str, float]]] = []

    def began(self, *, step: int) -> None:
        self.starts.append(step)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self.points.append((step, dict(values)))


def written(folder: Path, curves: Curves | None = None) -> RunLog:
    run_log = RunLog(folder, scalars=curves)
    run_log.began(step=0)
    run_log.add("step", step=50, loss=2.0, learning_rate=0.1, seconds=3.5)
    run_log.add("epoch", step=70, epoch=1, loss=1.5, validation_accuracy=0.5, seconds=5.0)
    run_log.add("step", step=100, loss=1.0, learning_rate=0.1, seconds=7.0)
    run_log.add("epoch", step=140, epoch=2, loss=0.5, validation_accuracy=0.75, seconds=9.0)
    return run_log


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class TestRunLog:
    def test_keeps_one_line_per_event(self, tmp_path: Path) -> None:
        lines = written(tmp_path).lines()
        assert [(line["kind"], line["step"]) for line in lines] == [
            ("step", 50),
            ("epoch", 70),
            ("step", 100),
            ("epoch", 140),
        ]
        assert lines[0]["learning_rate"] == 0.1

    def test_copies_epochs_into_a_table(self, tmp_path: Path) -> None:
        written(tmp_path)
        assert [row["validation_accuracy"] for row in rows(tmp_path)] == ["0.5", "0.75"]
        assert list(rows(tmp_path)[0]) == [
            "step",
            "epoch",
            "loss",
            "validation_accuracy",
            "seconds",
        ]

    def test_a_resume_drops_what_a_crash_undid(self, tmp_path: Path) -> None:
        written(tmp_path)
        run_log = RunLog(tmp_path)
        run_log.began(step=100)
        assert [line["step"] for line in run_log.lines()] == [50, 70, 100]
        assert [row["epoch"] for row in rows(tmp_path)] == ["1"]

    def test_a_line_that_a_kill_cut_off_never_was(self, tmp_path: Path) -> None:
        written(tmp_path)
        log = tmp_path / "log.jsonl"
        log.write_text(log.read_text() + '{"kind": "step", "st')
        run_log = RunLog(tmp_path)
        assert len(run_log.lines()) == 4
        run_log.began(step=140)
        run_log.add("step", step=150, loss=0.25)
        assert run_log.lines()[-1] == {"kind": "step", "step": 150, "loss": 0.25}

    def test_an_older_run_s_table_gains_columns(self, tmp_path: Path) -> None:
        run_log = written(tmp_path)
        run_log.add("epoch", step=210, epoch=3, loss=0.5, validation_loss=1.25)
        assert [row["validation_loss"] for row in rows(tmp_path)] == ["", "", "1.25"]

    def test_draws_figures_as_curves(self, tmp_path: Path) -> None:
        curves = Curves()
        written(tmp_path, curves)
        assert curves.starts == [0]
        assert curves.points[:2] == [
            (50, {"step/loss": 2.0, "step/learning_rate": 0.1}),
            (70, {"epoch/loss": 1.5, "epoch/validation_accuracy": 0.5}),
        ]

    @pytest.mark.parametrize("text", ["nonsense", "[]", "3", '{"loss": 1}'])
    def test_a_damaged_line_within_is_named(self, tmp_path: Path, text: str) -> None:
        run_log = written(tmp_path)
        log = tmp_path / "log.jsonl"
        lines = log.read_text().splitlines()
        log.write_text("\n".join([lines[0], text, *lines[2:]]) + "\n")
        with pytest.raises(RunError, match=r"log\.jsonl, line 2 is damaged"):
            run_log.lines()
