"""kill -9 in the middle of training, three times; tests/fault/training_kill.py does it."""

import random
import sys
from pathlib import Path

import pytest

from tests.fault.training_kill import Training, choose_kills, differences
from tests.fixtures.forked import forked_trainer
from tests.fixtures.training import FRAMED, write_image_folder

SEED = 20261125
SETTINGS = [
    "data.name=stripes",
    "data.licence=CC0-1.0",
    "data.size=16",
    *FRAMED,
    "model.densenet.blocks=1",
    "model.densenet.growth=4",
    "model.densenet.stem=8",
    "model.head.dropout=0.3",
    "optim.warmup_steps=5",
    "loop.batch_size=8",
    "loop.bn_batches=2",
    "loop.epochs=3",
    "loop.threads=2",
    "loop.precision=float32",  # a CPU without bfloat16 imitates it slowly
]


@pytest.mark.timeout(900)  # five sessions: about a minute of an idle machine
class TestKill:
    def test_three_kills_leave_no_trace(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=24, test=4)
        whole, killed = (
            Training(tmp_path / name, data=data, arguments=SETTINGS, start=forked_trainer)
            for name in ("whole", "killed")
        )
        whole.finish()
        kills = choose_kills(random.Random(SEED), steps=whole.step)
        for number, kill in enumerate(kills):
            hit = killed.be_killed(kill, resume=number > 0, minutes="1e-9")  # saves every step
            sys.stdout.write(f"{kill}: hit at {hit}\n")
        killed.finish(resume=True)
        assert list(differences(whole.run, killed.run)) == []
        assert len(killed.run.read()["sessions"]) == len(kills) + 1
