from collections.abc import Sequence

import numpy as np

from benchmarks.detection_recall.contenders import Contender
from benchmarks.detection_recall.measure import as_json, measure
from benchmarks.detection_recall.pictures import Picture
from benchmarks.detection_recall.report import as_tables
from services.common.domain.faces import Box, DetectedFace
from services.vision.transforms import Pixels

PLACE = Box(2.0, 2.0, 4.0, 4.0)


class Finding:
    """Finds one face at one place in every photo whose brightness is above the threshold."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        assert min_face_px == 20
        found = DetectedFace(self._box, (), 1.0)
        return [[found] if photo.max() > 255 * threshold else [] for photo in photos]


def picture(group: str, row: str, level: int, *faces: Box) -> Picture:
    return Picture(group, row, np.full((9, 9, 3), level, np.uint8), faces)


PICTURES = [
    picture("rotation", "0", 200, PLACE),
    picture("rotation", "0", 100, PLACE),
    picture("size", "24 px", 200, PLACE),
    picture("no face", "tiles", 200),
]
CONTENDERS = [
    Contender("right", Finding(PLACE), 0.5),
    Contender("beside", Finding(Box(90.0, 2.0, 4.0, 4.0)), 0.5),
]


class TestMeasure:
    def test_counts_by_row_and_detector(self) -> None:
        report = as_json(measure(PICTURES, CONTENDERS))
        right, beside = report["rotation"]["0"].values()
        assert (right["faces"], right["found"], right["others"]) == (2, 1, 0)
        assert right["recall"] == 0.5
        assert (beside["found"], beside["others"]) == (0, 1)
        assert report["no face"]["tiles"]["right"] == {"pictures": 1, "others": 1}

    def test_is_shown_as_a_table_per_group(self) -> None:
        report = as_json(measure(PICTURES, CONTENDERS))
        assert [table.row_count for table in as_tables(report)] == [1, 1, 1]
