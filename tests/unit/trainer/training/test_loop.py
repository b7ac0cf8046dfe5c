"""The loop around a state in NumPy: one number that grows by the mean of each batch."""

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import TrainConfig, with_overrides
from services.trainer.data.batches import Batch
from services.trainer.data.dataset import PreparedData
from services.trainer.errors import RunError, TrainingDivergedError
from services.trainer.training.checkpoint import CheckpointStore
from services.trainer.training.loop import Stop
from services.trainer.training.run import Run
from tests.fixtures.bundles import write_tiny_bundle
from tests.fixtures.training import prepared, tiny_config
from tests.fixtures.training_loop import STEPS_PER_EPOCH, SumState, after, session


class BrokenState(SumState):
    def train_step(self, batch: Batch, *, step: int, rate: float) -> float:
        loss = super().train_step(batch, step=step, rate=rate)
        return math.nan if step == 9 else loss


class BrokenWeights(SumState):
    def capture(self) -> dict[str, NDArray[np.generic]]:
        return {"total": np.array(math.nan)}


def total(folder: Path) -> float:
    found = Run(folder).checkpoints.load_last()
    assert found is not None
    return float(found.arrays["total"])


class TestLoop:
    def test_goes_through_all_epochs(self, tmp_path: Path) -> None:
        stop, reporter = session(tmp_path)
        assert stop is Stop.FINISHED
        assert reporter.epochs == [1, 2]
        assert [line["step"] for line in Run(tmp_path).log_lines()] == [7, 14]

    def test_keeps_the_first_best_epoch(self, tmp_path: Path) -> None:
        session(tmp_path)
        assert Run(tmp_path).checkpoints.load_best().position.step == STEPS_PER_EPOCH

    def test_only_a_fresh_run_has_images_to_measure_batch_norm_on(self, tmp_path: Path) -> None:
        seen: list[int | None] = []

        class Measuring(SumState):
            def __init__(
                self, config: TrainConfig, *, crops: Iterable[Any] | None, **parts: Any
            ) -> None:
                super().__init__(config, crops=crops, **parts)
                seen.append(None if crops is None else len(list(crops)))

        session(tmp_path, state=Measuring, interrupted=after(3))
        session(tmp_path, state=Measuring)
        assert seen == [2, None]

    @pytest.mark.parametrize("stops", [(1,), (7,), (3, 8, 13)])
    def test_any_interruption_gives_the_same_end(
        self, tmp_path: Path, stops: tuple[int, ...]
    ) -> None:
        session(tmp_path / "whole")
        interrupted = after(*stops)
        for _ in stops:
            stop, _ = session(tmp_path / "parts", interrupted=interrupted)
            assert stop is Stop.INTERRUPTED
        stop, reporter = session(tmp_path / "parts", interrupted=interrupted)
        assert stop is Stop.FINISHED
        assert reporter.start == stops[-1]
        assert total(tmp_path / "parts") == total(tmp_path / "whole")

    def test_paused_at_an_epoch_it_keeps_the_schedule_of_the_whole_run(
        self, tmp_path: Path
    ) -> None:
        config = tiny_config(epochs=3)
        session(tmp_path / "whole", config=config)
        ends = [session(tmp_path / "parts", config=config, until=n) for n in (1, 1, 2, 9)]
        assert [stop for stop, _ in ends] == [Stop.FINISHED] * 4
        assert [reporter.epochs for _, reporter in ends] == [[1], [], [2], [3]]
        assert total(tmp_path / "parts") == total(tmp_path / "whole")

    def test_a_crash_between_checkpoints_repeats_the_lost_steps(self, tmp_path: Path) -> None:
        session(tmp_path / "whole")
        with pytest.raises(TrainingDivergedError):
            session(tmp_path / "parts", state=BrokenState)  # at step 10, saved at 7
        _, reporter = session(tmp_path / "parts")
        assert reporter.start == STEPS_PER_EPOCH
        assert total(tmp_path / "parts") == total(tmp_path / "whole")

    def test_the_time_limit_stops_after_a_step(self, tmp_path: Path) -> None:
        stop, _ = session(tmp_path, max_seconds=0)
        found = Run(tmp_path).checkpoints.load_last()
        assert stop is Stop.TIME_LIMIT
        assert found is not None
        assert found.position.step == 1

    def test_saves_within_an_epoch_when_the_interval_is_over(self, tmp_path: Path) -> None:
        config = tiny_config(epochs=1)
        often = config.loop.model_copy(update={"checkpoint_minutes": 1e-9})
        with pytest.raises(TrainingDivergedError):
            session(
                tmp_path,
                config=config.model_copy(update={"loop": often.model_copy(update={"epochs": 2})}),
                state=BrokenState,
            )
        found = Run(tmp_path).checkpoints.load_last()
        assert found is not None
        assert found.position.step == 9

    def test_stops_on_a_loss_that_is_no_number(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDivergedError, match="loss is nan at step 10"):
            session(tmp_path, state=BrokenState)

    def test_never_saves_weights_that_are_no_numbers(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDivergedError, match="weights are no numbers"):
            session(tmp_path, state=BrokenWeights)
        assert Run(tmp_path).checkpoints.load_last() is None

    def test_refuses_fewer_images_than_a_batch(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match=r"lower loop\.batch_size"):
            session(tmp_path, data=prepared(train=1))

    def test_logs_every_fiftieth_step(self, tmp_path: Path) -> None:
        session(tmp_path, config=tiny_config(epochs=8))
        (line,) = [line for line in Run(tmp_path).log_lines() if line["kind"] == "step"]
        assert line["step"] == 50
        assert line["loss"] == pytest.approx(1 / 50)
        assert 0 < line["learning_rate"] < 0.05
        assert line["images_per_second"] > 0

    def test_logs_what_an_epoch_came_to(self, tmp_path: Path) -> None:
        session(tmp_path)
        line = Run(tmp_path).log_lines()[0]
        assert line["validation_accuracy"] == pytest.approx(1 / 7, abs=1e-5)
        # The mean of -log(e / (e + 6)) once and -log(1 / (e + 6)) six times, and the penalty.
        assert line["validation_loss"] == pytest.approx(
            math.log(math.e + 6) - 1 / 7 + 0.25, abs=1e-5
        )
        assert {"loss", "learning_rate", "images_per_second", "seconds"} <= line.keys()
        assert (tmp_path / "log.csv").read_text().splitlines()[0].split(",") == [
            name for name in line if name != "kind"
        ]

    def test_a_kill_before_the_checkpoint_keeps_the_best_epoch(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(CheckpointStore, "save", killed)
            with pytest.raises(KeyboardInterrupt):
                session(tmp_path, config=tiny_config(epochs=1))
        session(tmp_path, config=tiny_config(epochs=1))
        assert Run(tmp_path).checkpoints.load_best().position.step == STEPS_PER_EPOCH

    def test_another_cut_of_the_same_images_is_another_run(self, tmp_path: Path) -> None:
        def data(digit: str) -> PreparedData:
            found = prepared()
            found.manifest["splits_sha256"] = digit * 64
            return found

        session(tmp_path, data=data("2"), interrupted=after(1))
        assert Run(tmp_path).read()["data_identity"]["splits_sha256"] == "2" * 64
        with pytest.raises(RunError, match="data_identity"):
            session(tmp_path, data=data("3"))
        session(tmp_path, data=data("2"))

    def test_another_teacher_is_another_run(self, tmp_path: Path) -> None:
        def taught(seed: int) -> TrainConfig:
            folder = tmp_path / "teacher"
            shutil.rmtree(folder, ignore_errors=True)
            write_tiny_bundle(folder, seed=seed)
            return with_overrides(tiny_config(), [f"loss.distill.bundle={folder}"])

        run = tmp_path / "run"
        session(run, config=taught(0), interrupted=after(1))
        with pytest.raises(RunError, match="data_identity"):
            session(run, config=taught(1))
        session(run, config=taught(0))


def stopping(*settings: str) -> TrainConfig:
    return with_overrides(tiny_config(epochs=9), ["optim.warmup_steps=0", *settings])


class TestSchedules:
    """The state here never learns: each epoch after the first is without improvement."""

    def test_an_early_stop_is_an_end(self, tmp_path: Path) -> None:
        config = stopping("optim.early_stop.patience=2")
        stop, reporter = session(tmp_path, config=config)
        assert stop is Stop.FINISHED
        assert reporter.epochs == [1, 2, 3]
        again, reporter = session(tmp_path, config=config)
        assert again is Stop.FINISHED
        assert reporter.epochs == []

    @pytest.mark.parametrize("stops", [(), (16,), (7, 21)])
    def test_a_plateau_cuts_the_rate_however_often_interrupted(
        self, tmp_path: Path, stops: tuple[int, ...]
    ) -> None:
        config = stopping(
            "optim.schedule=plateau", "optim.plateau.patience=2", "optim.plateau.factor=0.5"
        )
        interrupted = after(*stops)
        for _ in range(len(stops) + 1):
            session(tmp_path, config=config, interrupted=interrupted)
        lines = [line for line in Run(tmp_path).log_lines() if line["kind"] == "epoch"]
        rates = [line["learning_rate"] for line in lines]
        assert rates == pytest.approx([0.05 / 2**cuts for cuts in (0, 0, 0, 1, 1, 2, 2, 3, 3)])
