"""A real sweep, stopped once, against one run of the winner that never stopped."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.commands.training import UNFINISHED
from services.trainer.sweep.axes import Candidate
from services.trainer.sweep.outcome import Outcome
from services.trainer.sweep.plan import Trial
from services.trainer.sweep.process import run_in_process
from services.trainer.training.run import Run
from tests.fixtures.training import FRAMED, write_image_folder

# Seven processes train: minutes on two cores with a load of 10.
pytestmark = pytest.mark.timeout(900)

SETTINGS = [
    "optim.lr=0.05:0.0001:1e30",
    "data.size=16",
    *FRAMED,
    "model.densenet.blocks=1",
    "model.densenet.growth=4",
    "model.densenet.stem=8",
    "augment.flip=0",
    "augment.rotate=0",
    "augment.erase=0",
    "optim.warmup_steps=5",
    "optim.ema_decay=0.8",
    "loop.batch_size=8",
    "loop.threads=1",
    "loop.precision=float32",
]


class Silent:
    def began(self, *, step: int, total: int) -> None:
        pass

    def stepped(self, *, step: int, loss: float, images_per_second: float) -> None:
        pass

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        pass


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rungs, stopped before or while the first run took its first step."""
    folder = tmp_path_factory.mktemp("sweep")
    data = write_image_folder(folder / "data", train=24, test=2, val=8)
    arguments = ["sweep", "--data", str(data), "--run", str(folder / "sweep"), *SETTINGS]
    arguments += ["--rungs", "1,3", "--keep", "0.3"]
    begun, minutes = None, 0.01
    while begun is None:  # a little more until it lasts for a first step
        stopped = CliRunner().invoke(app, [*arguments, "--max-minutes", str(minutes)])
        assert stopped.exit_code == UNFINISHED, stopped.output
        assert state(folder / "sweep")["outcomes"] == []
        begun, minutes = winner(folder / "sweep").checkpoints.load_last(), minutes * 1.5
    assert 0 < begun.position.step < 21  # steps of an epoch
    finished = CliRunner().invoke(app, arguments)
    assert finished.exit_code == 0, finished.output
    return folder / "sweep"


def state(sweep: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((sweep / "sweep.json").read_bytes())
    return content


def winner(sweep: Path) -> Run:
    key = state(sweep)["candidates"][0]["key"]
    return Run(sweep / "candidates" / key / "seed-0")


class TestSweep:
    def test_the_better_rate_wins_and_the_diverged_one_stops_no_other(self, sweep: Path) -> None:
        told = state(sweep)
        rates = {one["key"]: one["values"][0] for one in told["candidates"]}
        found = [
            (rates[one["candidate"]], one["rung"], one["status"], one["epochs"])
            for one in told["outcomes"]
        ]
        assert found == [
            ("0.05", 0, "done", 1.0),
            ("0.0001", 0, "done", 1.0),
            ("1e30", 0, "diverged", 0.0),
            ("0.05", 1, "done", 3.0),
        ]
        first, last = (told["outcomes"][index]["measures"] for index in (0, 3))
        assert last["accuracy"] > max(first["accuracy"], 0.5)
        assert last["nll"] < first["nll"]

    def test_the_winner_is_the_run_that_train_makes(self, sweep: Path, tmp_path: Path) -> None:
        run = winner(sweep)
        (tmp_path / "data").symlink_to(run.data.resolve())
        # In a process as well: threads are set before TensorFlow's first operation only.
        whole = run_in_process(
            Trial(Candidate(("0.05",), run.config()), seed=0, rung=0, epochs=3, folder=tmp_path),
            max_seconds=math.inf,
            reporter=Silent(),
            interrupted=lambda: False,
        )
        assert isinstance(whole, Outcome)
        assert whole.measures is not None
        assert whole.measures.model_dump(mode="json") == state(sweep)["outcomes"][-1]["measures"]
        expected, found = Run(tmp_path).checkpoints.load_last(), run.checkpoints.load_last()
        assert expected is not None
        assert found is not None
        assert found.position.sessions >= 3
        assert found.position.step == expected.position.step
        for name, array in expected.arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)

    def test_candidates_share_the_data_and_the_losers_keep_their_log_only(
        self, sweep: Path
    ) -> None:
        assert len(list(sweep.rglob("images.npy"))) == 1
        (checkpoints,) = sweep.rglob("checkpoints")
        assert checkpoints.parent == winner(sweep).folder
        assert len(list(sweep.rglob("log.jsonl"))) == 3
