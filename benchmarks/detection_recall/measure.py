"""Every picture past every detector, row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.detection_recall.contenders import Contender
from benchmarks.detection_recall.pictures import Picture
from benchmarks.detection_recall.scoring import found, wilson


@dataclass(slots=True)
class Tally:
    """Of one row and one detector: pictures, faces that are there, found, and other boxes."""

    pictures: int = 0
    faces: int = 0
    found: int = 0
    others: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return counts, and for rows with faces the share found with its 95 % interval."""
        counts = {"pictures": self.pictures, "others": self.others}
        if not self.faces:
            return counts
        low, high = wilson(self.found, self.faces)
        return {
            **counts,
            "faces": self.faces,
            "found": self.found,
            "recall": round(self.found / self.faces, 4),
            "interval": [round(low, 4), round(high, 4)],
        }


# group -> row -> detector
Rows = dict[str, dict[str, dict[str, Tally]]]
Report = dict[str, dict[str, dict[str, dict[str, Any]]]]


def measure(pictures: Iterable[Picture], contenders: Sequence[Contender]) -> Rows:
    """Detect in each picture with each detector; rows come in the order of the pictures."""
    rows: Rows = {}
    for picture in pictures:
        row = rows.setdefault(picture.group, {}).setdefault(picture.row, {})
        for each in contenders:
            ((*faces,),) = each.detector.detect([picture.rgb], threshold=each.threshold)
            tally = row.setdefault(each.name, Tally())
            matched = found(picture.faces, [face.box for face in faces])
            tally.pictures += 1
            tally.faces += len(picture.faces)
            tally.found += matched
            tally.others += len(faces) - matched
    return rows


def as_json(rows: Rows) -> Report:
    """Return every figure as plain numbers."""
    return {
        group: {
            row: {name: tally.as_json() for name, tally in tallies.items()}
            for row, tallies in of.items()
        }
        for group, of in rows.items()
    }
