"""Data prepared once for all candidates of the same ``DataConfig``."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from services.trainer.config import DataConfig, TrainConfig
from services.trainer.data.prepare import MANIFEST_NAME

# What the data is called and how serving crops changes no pixel.
_TOLD = {"name", "licence", "crop_margin", "centre_dx", "centre_dy"}


def data_folder(sweep: Path, config: DataConfig) -> Path:
    """Return where the prepared data of ``config`` is, by what decides its arrays."""
    decisive = json.dumps(config.model_dump(mode="json", exclude=_TOLD), sort_keys=True)
    return sweep / "data" / hashlib.sha256(decisive.encode()).hexdigest()[:12]


def share_data(
    sweep: Path, *, config: TrainConfig, run: Path, prepare: Callable[[Path], None]
) -> None:
    """Prepare the data of a run if no other has, and link it into the run's folder.

    Args:
        sweep: the sweep's folder.
        config: of the run.
        run: its folder, made if missing; ``data`` in it becomes a link.
        prepare: writes the data into a folder; its manifest last.
    """
    folder = data_folder(sweep, config.data)
    if not (folder / MANIFEST_NAME).is_file():
        prepare(folder)
    link = run / "data"
    if not link.is_symlink():
        run.mkdir(parents=True, exist_ok=True)
        # Relative, so that the sweep's folder can be moved.
        link.symlink_to(os.path.relpath(folder, run), target_is_directory=True)
