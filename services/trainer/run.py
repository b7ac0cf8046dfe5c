"""The run folder: what was asked, on what, by which code, and the log of what happened.

run.json        recipe, data hash, git revision, versions, host, sessions
log.*           see journal.py
checkpoints/    see checkpoint.py
data/           the prepared data
model.keras     the averaged network, as evaluate left it
report/         what evaluate, calibrate and report write
"""

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from services.trainer.checkpoint import CheckpointStore
from services.trainer.config import TrainConfig
from services.trainer.errors import RunError
from services.trainer.files import write_atomically
from services.trainer.host import describe_host
from services.trainer.journal import Journal
from services.trainer.normalisation import Normalisation

NETWORK = "model.keras"
_PACKAGES = (
    *("tensorflow-cpu", "tensorflow", "keras", "numpy", "opencv-python-headless"),
    *("onnx", "onnxruntime", "openvino"),
)
# What may change when a run is resumed: how fast and how long it goes, what the data is called
# and how serving crops, how weights are stored; not what a training step computes.
_FREE = frozenset(
    {
        *("epochs", "threads", "checkpoint_minutes", "eval_batch_size"),
        *("name", "licence", "crop_margin", "centre_dx", "centre_dy", "stored"),
    }
)
_OUTSIDE = ("normalisation", "data_identity")


class Run:
    """One run folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; nothing is written yet."""
        self.folder = folder
        self.data = folder / "data"
        self.report = folder / "report"
        self.checkpoints = CheckpointStore(folder / "checkpoints")

    @property
    def exists(self) -> bool:
        """Whether a session has ever begun here."""
        return (self.folder / "run.json").is_file()

    def begin(
        self,
        config: TrainConfig,
        *,
        normalisation: Normalisation,
        data: dict[str, Any],
        step: int = 0,
    ) -> None:
        """Record a session that goes on from ``step``; on a resume, check it is the same run.

        Raises:
            RunError: if recipe or data differ from those the run began with.
        """
        record: dict[str, Any] = {
            "config": config.model_dump(mode="json"),
            "normalisation": {"mean": normalisation.mean, "std": normalisation.std},
            "data_identity": data,
            "sessions": [],
        }
        if self.exists:
            record["sessions"] = self._same_run(record)["sessions"]
        record["sessions"] = [*record["sessions"], _session(config, step=step)]
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "run.json", json.dumps(record, indent=1).encode())

    def read(self) -> dict[str, Any]:
        """Return ``run.json``.

        Raises:
            RunError: if there is none.
        """
        try:
            record: dict[str, Any] = json.loads((self.folder / "run.json").read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(f"{self.folder} is no run folder; give --run another.") from error
        return record

    def config(self) -> TrainConfig:
        """Return the recipe of the last session."""
        return TrainConfig.model_validate(self.read()["config"])

    def normalisation(self) -> Normalisation:
        """Return the pixel statistics the network was built with."""
        values = self.read()["normalisation"]
        return Normalisation(tuple(values["mean"]), tuple(values["std"]))

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the lines of log.jsonl so far; see ``journal.py``."""
        return Journal(self.folder).lines()

    def _same_run(self, record: dict[str, Any]) -> dict[str, Any]:
        before = self.read()
        # Through the model, so that a setting added since then has its default.
        before["config"] = self.config().model_dump(mode="json")
        differing = [
            name
            for name in (*record["config"], *_OUTSIDE)
            if _comparable(before, name) != _comparable(record, name)
        ]
        if differing:
            raise RunError(
                f"{self.folder} was begun with other settings ({', '.join(differing)}); "
                "resume with the same ones or choose another folder."
            )
        return before


def _comparable(record: dict[str, Any], name: str) -> object:
    section = record[name] if name in _OUTSIDE else record["config"][name]
    plain = json.loads(json.dumps(section))
    if isinstance(plain, dict):
        return {key: item for key, item in plain.items() if key not in _FREE}
    return plain


def _session(config: TrainConfig, *, step: int) -> dict[str, Any]:
    return {
        "from_step": step,
        "planned_epochs": config.loop.epochs,
        "seed": config.loop.seed,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "git_revision": git_revision(),
        "python": platform.python_version(),
        "packages": _versions(_PACKAGES),
        "host": describe_host(),
    }


def _versions(names: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_revision() -> str:
    """Return the commit of the trainer's own source, with ``-dirty`` if it was changed since."""
    here = Path(__file__).parent
    try:
        commit = _git("rev-parse", "HEAD", cwd=here)
        return f"{commit}-dirty" if _git("status", "--porcelain", ".", cwd=here) else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(  # noqa: S603  # fixed arguments, no shell
        ["git", *arguments],  # noqa: S607  # the user's own git
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
