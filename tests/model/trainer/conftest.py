"""One run of the trainer's whole way, for every module that looks at what a run leaves.

TensorFlow optimises no graph in this process: that takes longer than what is saved in the few
steps of a test. Processes that a test starts do, as a user's.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from services.trainer.cli import app
from services.trainer.commands.training import UNFINISHED
from services.trainer.networks.saved_network import Logits
from tests.fixtures.training import FRAMED, write_image_folder

SETTINGS = [
    "data.name=stripes",
    "data.licence=CC0-1.0",
    "data.size=16",
    *FRAMED,
    "model.densenet.blocks=1,2",
    "model.densenet.growth=4",
    "model.densenet.stem=8",
    "model.int8=true",
    "augment.flip=0",
    "augment.rotate=0",
    "augment.erase=0",
    "optim.warmup_steps=5",
    "optim.ema_decay=0.8",
    "loop.batch_size=8",
    "loop.epochs=4",
    "loop.threads=1",
    "loop.precision=float32",  # a CPU without bfloat16 imitates it slowly
]

tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def invoke(*arguments: str) -> str:
    """Run a command that must succeed; what it printed."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def answers(model: keras.Model) -> Logits:
    """What ``saved_network.inference`` gives, layer by layer: no graph for one batch."""
    return lambda crops: model(crops.astype(np.float32), training=False).numpy()


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run on the stripes in ``data`` beside it, stopped once and resumed.

    Tests that would change it work on a copy.
    """
    folder = tmp_path_factory.mktemp("trainer")
    data = write_image_folder(folder / "data", train=24, test=8)
    arguments = ["train", "--data", str(data), "--run", str(folder / "run"), *SETTINGS]
    stopped = CliRunner().invoke(app, [*arguments, "--max-minutes", "0.01"])
    assert stopped.exit_code == UNFINISHED, stopped.output
    assert not (folder / "run" / "bundle").exists()
    invoke(*arguments, "--resume")
    return folder / "run"
