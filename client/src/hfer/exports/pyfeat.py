"""CSV with the columns of py-feat's first detector, for R and Python code that reads those.

Of its columns those that HFER knows: the place among the photos, the file, the box, the roll and
the seven expressions, which have HFER's own names. Its other groups (action units, 68 landmarks,
identities) are not made up of five points. A photo without a face has a row of its own, as there.
"""

import csv
import math
from pathlib import Path

from hfer._formulas import guarded
from hfer.models import Face, PhotoResult

BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
COLUMNS = ("frame", "input", *BOX, "Roll", *EMOTIONS)


class PyFeatWriter:
    """Writes a row per face, numbers to 6 decimals."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def add(self, photo: PhotoResult) -> None:
        shown = guarded(photo.filename)
        for face in photo.faces or (None,):
            numbers = [None] * (len(COLUMNS) - 2) if face is None else _numbers(face)
            cells = ["" if value is None else f"{value:.6f}" for value in numbers]
            self._rows.writerow([photo.index, shown, *cells])

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        self._file.close()


def _numbers(face: Face) -> list[float | None]:
    box = face.box
    # In radians, positive towards the subject's right shoulder: a viewer's counter-clockwise.
    roll = None if face.roll is None else -math.radians(face.roll)
    scores = [face.emotions.get(name) for name in EMOTIONS]
    return [box.x, box.y, box.w, box.h, face.detection_confidence, roll, *scores]
