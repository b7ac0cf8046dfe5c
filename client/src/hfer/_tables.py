"""Results as a pandas table, for those who have pandas."""

import importlib.util
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hfer._columns import COLUMNS, EXPRESSIONS, NAMES, Kind, rows
from hfer.errors import MissingPackageError
from hfer.models import PhotoResult

if TYPE_CHECKING:
    import pandas as pd

# Names of before there was one table, which programs go by: each repeats a column of today.
FORMER_NAMES = {
    "photo_index": "index",
    "expression": "top_label",
    "p": "top_p",
    "x": "box_x",
    "y": "box_y",
    "w": "box_w",
    "h": "box_h",
}
# As the table began before it held all columns, then the probabilities.
_FIRST = (
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
    *(f"p_{label}" for label in EXPRESSIONS),
)
FRAME_NAMES = _FIRST + tuple(name for name in NAMES if name not in _FIRST)

# Integers and booleans that photos without faces leave empty would turn into floats and objects.
_TYPES = {Kind.INTEGER: "Int64", Kind.NUMBER: "float64", Kind.FLAG: "boolean"}


def require_pandas() -> None:
    """Say early that pandas is missing, before results are fetched.

    Raises:
        MissingPackageError: it is.
    """
    if importlib.util.find_spec("pandas") is None:
        raise MissingPackageError("to_pandas needs pandas: pip install 'hfer[pandas]'.")


def face_frame(photos: Iterable[PhotoResult]) -> "pd.DataFrame":
    """Build a row per face; a photo without any has one row, its face columns missing.

    The columns are those of every table (`hfer._columns`), each under its name, and seven of them
    once more under their former name.
    """
    import pandas as pd

    frame = pd.DataFrame([row for photo in photos for row in rows(photo)], columns=list(NAMES))
    frame = frame.astype(
        {column.name: _TYPES[column.kind] for column in COLUMNS if column.kind in _TYPES}
    )
    former = {old: frame[new] for old, new in FORMER_NAMES.items()}
    return frame.assign(**former)[list(FRAME_NAMES)]
