"""Two runs on the deterministic setting, which is for a whole process and cannot be taken back.

    python -m tests.model.trainer.deterministic FOLDER

prints whether TensorFlow was deterministic before and after ``start_tensorflow``, and what both
runs came to.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tensorflow.python.framework.config import is_op_determinism_enabled

from services.trainer.config import with_overrides
from services.trainer.training.loop import Loop
from services.trainer.training.run import Run
from services.trainer.training.runtime import start_tensorflow
from services.trainer.training.state import TrainingState
from tests.fixtures.training import Silent, prepared, tiny_config

CONFIG = with_overrides(tiny_config(), ["loop.threads=2", "model.head.dropout=0.3"])


def main(arguments: Sequence[str]) -> None:
    """Train twice on two threads."""
    flags = []
    for deterministic in (False, True):
        start_tensorflow(CONFIG.loop.model_copy(update={"deterministic": deterministic}))
        flags.append(is_op_determinism_enabled())
    digests = [digest(Path(arguments[0]) / name) for name in ("one", "other")]
    sys.stdout.write(json.dumps({"deterministic": flags, "digests": digests}) + "\n")


def digest(folder: Path) -> str:
    """Train in ``folder`` and hash all that the last checkpoint holds."""
    run = Run(folder)
    Loop(CONFIG, data=prepared(), run=run, build_state=TrainingState, reporter=Silent()).train()
    last = run.checkpoints.load_last()
    assert last is not None
    total = hashlib.sha256()
    for name in sorted(last.arrays):
        total.update(name.encode() + last.arrays[name].tobytes())
    return total.hexdigest()


if __name__ == "__main__":
    main(sys.argv[1:])
