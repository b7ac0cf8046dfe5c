import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from services.trainer.config import Precision, TrainConfig
from services.trainer.errors import NetworkError, RunError, TrainingDivergedError
from services.trainer.training.checkpoint import Checkpoint
from services.trainer.training.loop import Loop, Stop
from services.trainer.training.run import Run
from services.trainer.training.state import TrainingState
from tests.fixtures.training import Silent, prepared, tiny_config


def train(
    folder: Path,
    config: TrainConfig,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    max_seconds: float = 1e9,
) -> Stop:
    loop = Loop(
        config,
        data=prepared(),
        run=Run(folder),
        build_state=TrainingState,
        reporter=Silent(),
        interrupted=interrupted,
        max_seconds=max_seconds,
    )
    return loop.train()


def after(*steps: int) -> Callable[[], bool]:
    """An interruption after the given numbers of steps, counted over all sessions."""
    seen = iter(range(1, 1_000_000))
    return lambda: next(seen) in steps


def epochs(folder: Path) -> list[dict[str, object]]:
    """The log, but for how long it took."""
    lines = (folder / "log.jsonl").read_text().splitlines()
    timings = {"seconds": 0, "images_per_second": 0}
    return [{**json.loads(line), **timings} for line in lines]


def last(folder: Path) -> Checkpoint:
    found = Run(folder).checkpoints.load_last()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one epoch; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("one-epoch")
    assert train(folder, tiny_config(epochs=1)) is Stop.FINISHED
    return folder


class TestResume:
    @pytest.mark.parametrize("precision", list(Precision))
    def test_an_interrupted_run_ends_like_an_uninterrupted_one(
        self, tmp_path: Path, precision: Precision
    ) -> None:
        config = tiny_config(epochs=2, precision=precision)
        assert train(tmp_path / "whole", config) is Stop.FINISHED
        stops = after(3, 7, 12)  # in the first epoch, at its end, in the second
        ends = [train(tmp_path / "parts", config, interrupted=stops) for _ in range(4)]
        assert ends == [Stop.INTERRUPTED] * 3 + [Stop.FINISHED]

        whole, parts = last(tmp_path / "whole"), last(tmp_path / "parts")
        assert whole.arrays.keys() == parts.arrays.keys()
        for name, array in whole.arrays.items():
            np.testing.assert_array_equal(array, parts.arrays[name], err_msg=name)
        assert epochs(tmp_path / "parts") == epochs(tmp_path / "whole")
        assert [line["epoch"] for line in epochs(tmp_path / "whole")] == [1, 2]
        assert parts.position.best_accuracy == whole.position.best_accuracy
        assert (parts.position.step, parts.position.sessions) == (14, 4)

    def test_the_seed_decides_the_run(self, one_epoch: Path, tmp_path: Path) -> None:
        config = tiny_config(epochs=1)
        other = config.model_copy(update={"loop": config.loop.model_copy(update={"seed": 1})})
        train(tmp_path, other)
        weights = [last(folder).arrays["model/0000"] for folder in (one_epoch, tmp_path)]
        assert not np.array_equal(*weights)

    def test_a_time_limit_saves_and_stops(self, tmp_path: Path) -> None:
        assert train(tmp_path, tiny_config(), max_seconds=0.0) is Stop.TIME_LIMIT
        assert last(tmp_path).position.step == 1

    def test_a_finished_run_stays_as_it_is(self, one_epoch: Path) -> None:
        before = last(one_epoch)
        assert train(one_epoch, tiny_config(epochs=1)) is Stop.FINISHED
        np.testing.assert_equal(last(one_epoch).arrays, before.arrays)

    def test_refuses_another_recipe(self, tmp_path: Path) -> None:
        train(tmp_path, tiny_config(), interrupted=after(1))
        with pytest.raises(RunError, match="other settings"):
            train(tmp_path, tiny_config(lr=0.01))


class TestDivergence:
    def test_stops_and_keeps_the_last_good_checkpoint(self, tmp_path: Path) -> None:
        train(tmp_path / "good", tiny_config(lr=1e30), interrupted=after(1))
        with pytest.raises(TrainingDivergedError, match=r"lower optim\.lr"):
            train(tmp_path / "good", tiny_config(lr=1e30))
        arrays = last(tmp_path / "good").arrays
        assert all(np.isfinite(array).all() for array in arrays.values())

    def test_too_few_images_are_refused_with_the_remedy(self, tmp_path: Path) -> None:
        config = tiny_config()
        large = config.model_copy(
            update={"loop": config.loop.model_copy(update={"batch_size": 99})}
        )
        with pytest.raises(RunError, match=r"lower loop\.batch_size"):
            train(tmp_path, large)


class TestMemory:
    def test_a_batch_that_does_not_fit_is_refused_with_the_remedy(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def exhausted(*_: object) -> None:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

        monkeypatch.setattr(TrainingState, "_step", exhausted)
        with pytest.raises(NetworkError, match=r"Batches of 8 crops .* lower loop\.batch_size"):
            train(tmp_path, tiny_config())
