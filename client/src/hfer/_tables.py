"""Results as a pandas table, for those who have pandas."""

import importlib.util
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hfer.errors import MissingPackageError
from hfer.models import Face, PhotoResult

if TYPE_CHECKING:
    import pandas as pd

# In this order, then a column p_<expression> for each expression.
COLUMNS = (
    "filename",
    "photo_index",
    "item_id",
    "status",
    "face_index",
    "expression",
    "p",
    "margin",
    "uncertain",
    "x",
    "y",
    "w",
    "h",
    "detection_confidence",
    "model_version",
    "error_code",
    "precision",
    "detector",
    "captured_at",
    "photo_warnings",
    "roll",
)


def require_pandas() -> None:
    """Say early that pandas is missing, before results are fetched.

    Raises:
        MissingPackageError: it is.
    """
    if importlib.util.find_spec("pandas") is None:
        raise MissingPackageError("to_pandas needs pandas: pip install 'hfer[pandas]'.")


def face_frame(photos: Iterable[PhotoResult]) -> "pd.DataFrame":
    """Build a row per face; a photo without any has one row, its face columns missing."""
    import pandas as pd

    rows = [row for photo in photos for row in _rows(photo)]
    expressions = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *expressions])
    # Photos without faces would turn these into floats and objects.
    return frame.astype({"photo_index": "Int64", "face_index": "Int64", "uncertain": "boolean"})


def _rows(photo: PhotoResult) -> Iterator[dict[str, object]]:
    common: dict[str, object] = {
        "filename": photo.filename,
        "photo_index": photo.index,
        "item_id": photo.item_id,
        "status": photo.status,
        "model_version": photo.model_version,
        "error_code": photo.error.code if photo.error else None,
        "precision": photo.precision,
        "detector": photo.detector,
        "captured_at": photo.captured_at,
        "photo_warnings": " ".join(photo.warnings),
    }
    if not photo.faces:
        yield common
    for face in photo.faces:
        yield common | _face_cells(face)


def _face_cells(face: Face) -> dict[str, object]:
    return {
        "face_index": face.face_index,
        "expression": face.expression.label,
        "p": face.expression.p,
        "margin": face.margin,
        "uncertain": face.uncertain,
        "x": face.box.x,
        "y": face.box.y,
        "w": face.box.w,
        "h": face.box.h,
        "detection_confidence": face.detection_confidence,
        "roll": face.roll,
        **{f"p_{label}": p for label, p in face.emotions.items()},
    }
