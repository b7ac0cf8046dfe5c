import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfer import Box, Face, ImageInfo
from hfer._columns import EXPRESSIONS
from hfer.exports import Exporter, ExportFormat, Per
from hfer.exports.label_studio import CONFIG, _percent, image_address
from tests.fixtures.told_job import JOB, photos
from tests.unit.client.exports.conftest import Write

FORM = ExportFormat.LABEL_STUDIO
sizes = st.integers(1, 20_000)
places = st.floats(-50, 20_050)
lengths = st.floats(0, 20_050)


def regions(task: dict[str, Any], kind: str = "rectanglelabels") -> list[dict[str, Any]]:
    told = [region for one in task["predictions"] for region in one["result"]]
    return [region for region in told if region["type"] == kind]


def test_a_task_a_photo_has_a_rectangle_a_face_with_its_expression(write: Write) -> None:
    tasks = json.loads(write(Exporter(FORM)).read_text())
    shown = [photo for photo in photos() if photo.image is not None]
    assert [task["data"]["item_id"] for task in tasks] == [photo.item_id for photo in shown]
    for task, photo in zip(tasks, shown, strict=True):
        assert [region["value"]["rectanglelabels"] for region in regions(task)] == [
            [face.expression.label] for face in photo.faces
        ]
    x = regions(tasks[0])[0]["value"]["x"]
    assert x == pytest.approx(100 * photos()[0].faces[0].box.x / 64)


def test_a_task_a_face_has_one_rectangle(write: Write) -> None:
    tasks = json.loads(write(Exporter(FORM, per=Per.FACE)).read_text())
    faces = [(photo, face) for photo in photos() for face in photo.faces]
    assert len(tasks) == len(faces)
    for task, (photo, face) in zip(tasks, faces, strict=True):
        assert (task["data"]["item_id"], task["data"]["face_index"]) == (
            photo.item_id,
            face.face_index,
        )
        said = face.reviewed.answer if face.reviewed else None
        assert task["data"]["reviewed_answer"] == said
        [region] = regions(task)
        assert region["value"]["rectanglelabels"] == [face.expression.label]


def test_the_probability_shares_the_rectangles_id_and_box(write: Write) -> None:
    tasks = json.loads(write(Exporter(FORM)).read_text())
    for task in tasks:
        for rectangle, number in zip(regions(task), regions(task, "number"), strict=True):
            assert rectangle["id"] == number["id"]
            assert number["value"]["number"] == rectangle["score"]
            for name in ("x", "y", "width", "height"):
                assert rectangle["value"][name] == number["value"][name]
    ids = [region["id"] for task in tasks for region in regions(task)]
    assert len(set(ids)) == len(ids) == 6


def test_a_prediction_is_as_sure_as_its_least_sure_face(write: Write) -> None:
    first = json.loads(write(Exporter(FORM)).read_text())[0]
    [prediction] = first["predictions"]
    assert prediction["score"] == min(face.expression.p for face in photos()[0].faces)
    assert prediction["model_version"] == photos()[0].model_version
    assert first["data"]["job_id"] == JOB


@given(st.tuples(places, places, lengths, lengths), st.tuples(sizes, sizes))
def test_boxes_are_kept_within_the_picture(
    box: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    place = _percent(Face(box=Box(*box)), ImageInfo(*size))
    for start, length in (("x", "width"), ("y", "height")):
        assert 0 <= place[start] <= 100
        assert place[length] >= 0
        assert place[start] + place[length] <= 100


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        ("/data/local-files/?d=album/", "/data/local-files/?d=album/a%20b/c%231%20%C3%A9.jpg"),
        ("https://example.org/p/", "https://example.org/p/a%20b/c%231%20%C3%A9.jpg"),
        ("s3://bucket/", "s3://bucket/a b/c#1 é.jpg"),
        ("", "a%20b/c%231%20%C3%A9.jpg"),
    ],
)
def test_the_address_of_a_photo_is_the_prefix_and_its_name(prefix: str, address: str) -> None:
    assert image_address(prefix, "a b/c#1 é.jpg") == address


def test_the_labelling_interface_lists_the_seven_and_names_the_regions_tags(write: Write) -> None:
    config = ET.fromstring(CONFIG)  # noqa: S314 - our own text
    assert [label.get("value") for label in config.iter("Label")] == list(EXPRESSIONS)
    names = {tag.get("name") for tag in config}
    task = json.loads(write(Exporter(FORM)).read_text())[0]
    for region in task["predictions"][0]["result"]:
        assert {region["from_name"], region["to_name"]} < names


def test_a_job_without_photos_is_an_empty_list(write: Write) -> None:
    assert json.loads(write(Exporter(FORM), given=[]).read_text()) == []


def test_a_photo_of_no_known_size_is_left_out(write: Write) -> None:
    odd = replace(photos()[0], image=ImageInfo(0, 0, 1))
    assert json.loads(write(Exporter(FORM), given=[odd]).read_text()) == []
