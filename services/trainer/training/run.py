"""The run folder: what was asked, on what, by which code, and the log of what happened.

run.json        recipe, data hash, git revision, versions, host, sessions
log.*           see run_log.py
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
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.common.files import write_atomically
from services.trainer.config import TrainConfig
from services.trainer.errors import RunError
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.checkpoint import CheckpointStore
from services.trainer.training.host import describe_host
from services.trainer.training.origin import origin_of
from services.trainer.training.run_log import RunLog

if TYPE_CHECKING:
    from services.trainer.data.dataset import PreparedData

_PACKAGES = (
    *("tensorflow-cpu", "tensorflow", "keras", "numpy", "opencv-python-headless"),
    *("onnx", "onnxruntime", "openvino"),
)
# What may change when a run is resumed: how fast and how long it goes, what the data is called
# and how serving crops, how weights are stored; not what a training step computes.
_FREE = frozenset(
    {
        *("epochs", "threads", "gpus", "checkpoint_minutes", "eval_batch_size"),
        *("name", "licence", "crop_margin", "centre_dx", "centre_dy", "stored", "blend", "int8"),
        "votes",  # where they lie; what they say is in the data's identity
    }
)
_OUTSIDE = ("normalisation", "data_identity")
_RECORD = frozenset({"config", "sessions", *_OUTSIDE})


class Run:
    """One run folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; nothing is written yet."""
        self.folder = folder
        self.data = folder / "data"
        self.report = folder / "report"
        self.checkpoints = CheckpointStore(folder / "checkpoints")
        self._prepared: PreparedData | None = None

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
        """Record a session that continues from ``step``; on a resume, check it is the same run.

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
            RunError: if there is none, or it is damaged.
        """
        path = self.folder / "run.json"
        try:
            record = json.loads(path.read_bytes())
        except OSError as error:
            raise RunError(f"{self.folder} is no run folder; give --run another.") from error
        except ValueError:
            record = None
        if not isinstance(record, dict) or not record.keys() >= _RECORD:
            raise RunError(f"{path} is damaged; start anew in another folder.")
        return record

    def config(self) -> TrainConfig:
        """Return the recipe of the last session.

        Raises:
            RunError: if it has settings that this version of the trainer does not know.
        """
        try:
            return TrainConfig.model_validate(self.read()["config"])
        except ValidationError as error:
            fault = error.errors()[0]
            setting = ".".join(map(str, fault["loc"])) or "config"
            raise RunError(
                f"{self.folder} was written by another version of the trainer "
                f"({setting}: {fault['msg']}); use that one, or start anew in another folder."
            ) from error

    def normalisation(self) -> Normalisation:
        """Return the pixel statistics the network was built with."""
        values = self.read()["normalisation"]
        return Normalisation(tuple(values["mean"]), tuple(values["std"]))

    def prepared(self) -> "PreparedData":
        """Return the images that ``prepare`` left in ``data/``, read and verified once.

        Raises:
            RunError: if they are not there, damaged, or of another version of the trainer.
        """
        from services.trainer.data.dataset import load_prepared  # OpenCV

        try:
            self._prepared = self._prepared or load_prepared(self.data)
        except (KeyError, TypeError, ValueError, EOFError) as error:
            raise RunError(
                f"{self.data} is damaged or was prepared by another version of the trainer; "
                "start anew in another folder."
            ) from error
        return self._prepared

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the lines of log.jsonl so far; see ``run_log.py``."""
        return RunLog(self.folder).lines()

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
        "origin": origin_of(config.model.weights),
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
