import csv
import io
import math
from pathlib import Path

import pytest

from hfer.exports import Exporter, ExportFormat
from hfer.exports.pyfeat import COLUMNS
from tests.fixtures.told_job import photos
from tests.unit.client.exports.conftest import Write

FORM = Exporter(ExportFormat.PYFEAT)


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_has_the_columns_of_its_first_detector_in_its_order(write: Write) -> None:
    assert tuple(read(write(FORM))[0]) == COLUMNS
    assert COLUMNS[2:7] == (
        *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"),
        "FaceScore",
    )
    assert COLUMNS[8:] == (
        *("anger", "disgust", "fear", "happiness", "sadness", "surprise"),
        "neutral",
    )


def test_has_a_row_a_face_and_an_empty_one_for_a_photo_without(write: Write) -> None:
    table = read(write(FORM))
    assert [row["frame"] for row in table] == ["0", "0", "1", "2", "3", "4", "5", "6"]
    assert {row["anger"] for row in table[3:5]} == {""}
    face = photos()[0].faces[1]
    assert float(table[1]["FaceRectWidth"]) == pytest.approx(face.box.w, abs=5e-7)
    assert float(table[1]["disgust"]) == pytest.approx(face.emotions["disgust"], abs=5e-7)
    assert float(table[1]["FaceScore"]) == face.detection_confidence


def test_roll_is_in_radians_and_positive_towards_the_subjects_right(write: Write) -> None:
    table = read(write(FORM))
    assert float(table[0]["Roll"]) == pytest.approx(math.radians(31.512345678), abs=5e-7)
    assert table[1]["Roll"] == ""


def test_no_spreadsheet_runs_a_name(write: Write) -> None:
    assert [row["input"] for row in read(write(FORM))][3] == "'=1+1.jpg"
