"""What the stages after training leave for each other in ``RUN/report``."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.files import write_atomically
from services.trainer.data.layouts import Split
from services.trainer.errors import RunError
from services.trainer.files import read_arrays
from services.trainer.training.run import Run

EVALUATION, CALIBRATION, REPORT = "evaluation.json", "calibration.json", "report.json"
CARD, PICTURE, LOGITS = "MODEL_CARD.md", "confusion_matrix.png", "logits.npz"
# Of a run with votes: what is wrong by coverage.
COVERAGE_PICTURE = "risk_coverage.png"
SERVED_LOGITS = "served_logits.npz"

Logits = NDArray[np.float32]


def read_json(path: Path) -> dict[str, Any]:
    """Return what a stage wrote.

    Raises:
        RunError: if that stage was not run, or the file is damaged.
    """
    stage = "calibrate" if path.name == CALIBRATION else "evaluate"
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except OSError as error:
        raise RunError(f"{path.parent.parent} lacks {path.name}; run {stage} first.") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged; run {stage} again.") from error
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write it for people to read as well."""
    write_atomically(path, json.dumps(content, indent=1).encode())


def read_logits(run: Run) -> dict[Split, Logits]:
    """Return logits ``[N, 7]`` by the split they were given for.

    Raises:
        RunError: if the run was not evaluated, or the file is damaged.
    """
    path = run.report / LOGITS
    if not path.is_file():
        raise RunError(f"{run.folder} was not evaluated; run evaluate first.")
    try:
        arrays = read_arrays(path)
        return {Split(name): values.astype(np.float32) for name, values in arrays.items()}
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is damaged; run evaluate again.") from error


def write_logits(run: Run, logits: Mapping[Split, Logits]) -> None:
    """Write logits ``[N, 7]`` by split."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{str(split): values for split, values in logits.items()})
    write_atomically(run.report / LOGITS, buffer.getvalue())


def read_served_logits(run: Run) -> Logits | None:
    """Return logits ``[N, 7]`` of the evaluated images as serving crops them, or None.

    Raises:
        RunError: if the file is damaged.
    """
    path = run.report / SERVED_LOGITS
    if not path.is_file():
        return None
    try:
        return read_arrays(path)["logits"].astype(np.float32)
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged; run evaluate again.") from error


def write_served_logits(run: Run, logits: Logits) -> None:
    """Write what ``read_served_logits`` returns."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, logits=logits)
    write_atomically(run.report / SERVED_LOGITS, buffer.getvalue())
