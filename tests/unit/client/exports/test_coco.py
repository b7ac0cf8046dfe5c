import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from hfer import ExportError
from hfer._columns import EXPRESSIONS, LANDMARKS
from hfer.exports import Exporter, ExportFormat
from hfer.exports.coco import SIGMAS
from hfer.models import Box
from tests.fixtures.told_job import NAMES, photos
from tests.unit.client.exports.conftest import Write

FORM = Exporter(ExportFormat.COCO)


def load(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def evaluated(coco: COCO, kind: str) -> np.ndarray:
    """Score the file against itself: 1.0 where each face is found at its place."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = coco.loadRes([dict(one) for one in coco.dataset["annotations"]])
        run = COCOeval(coco, found, kind)
        run.params.kpt_oks_sigmas = np.array(coco.dataset["categories"][0]["sigmas"])
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats


def test_pycocotools_finds_each_face_where_it_is(write: Write) -> None:
    coco = load(write(FORM))
    faces = [face for photo in photos() for face in photo.faces]
    told = coco.loadAnns(coco.getAnnIds())
    assert [one["bbox"] for one in told] == [
        [face.box.x, face.box.y, face.box.w, face.box.h] for face in faces
    ]
    assert [coco.cats[one["category_id"]]["name"] for one in told] == [
        face.expression.label for face in faces
    ]
    assert [one["score"] for one in told] == [face.expression.p for face in faces]
    assert evaluated(coco, "bbox")[0] == pytest.approx(1)


def test_a_box_ends_where_the_picture_does(write: Write) -> None:
    photo = photos()[0]
    assert photo.image
    last = 321 * (877 / 321)
    assert last > 877  # what comes of the whole of a photo of 321 pixels, scaled back
    face = replace(photo.faces[0], box=Box(0.0, 0.0, last, 20.0))
    whole = replace(photo, image=replace(photo.image, width=877, height=600), faces=(face,))
    path = write(FORM, given=[whole])
    [annotation] = json.loads(path.read_text())["annotations"]
    assert (annotation["bbox"], annotation["area"]) == ([0.0, 0.0, 877, 20.0], 877 * 20.0)


def test_keypoints_have_names_sigmas_and_places(write: Write) -> None:
    coco = load(write(FORM))
    assert [category["name"] for category in coco.dataset["categories"]] == list(EXPRESSIONS)
    for category in coco.dataset["categories"]:
        assert category["keypoints"] == list(LANDMARKS)
        assert category["sigmas"] == list(SIGMAS)
        assert {place for pair in category["skeleton"] for place in pair} == {1, 2, 3, 4, 5}
    first, _, whole, *_ = coco.loadAnns(coco.getAnnIds())
    nose = photos()[0].faces[0].landmarks["nose"]
    assert first["keypoints"][6:9] == [nose.x, nose.y, 2]
    assert first["num_keypoints"] == 5
    assert (whole["keypoints"], whole["num_keypoints"]) == ([0] * 15, 0)
    assert evaluated(coco, "keypoints")[0] == pytest.approx(1)


def test_all_else_is_an_attribute(write: Write) -> None:
    coco = load(write(FORM))
    face: dict[str, Any] = coco.loadAnns(coco.getAnnIds())[1]["attributes"]
    ours = photos()[0].faces[1]
    assert face["p_disgust"] == ours.emotions["disgust"]
    assert (face["uncertain"], face["face_index"], face["face_px"]) == (True, 1, 63.9)
    assert "box_x" not in face
    assert "item_id" not in face
    photo: dict[str, Any] = coco.loadImgs([1])[0]["attributes"]
    assert photo["item_id"] == photos()[0].item_id
    assert (photo["client_ref"], photo["detector"]) == ("007", "openvino")


def test_photos_without_a_face_stay_and_those_without_a_result_do_not(write: Write) -> None:
    coco = load(write(FORM))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == [
        *NAMES[:3],
        *NAMES[4:],
    ]
    assert coco.getAnnIds(imgIds=[3]) == []


@pytest.mark.parametrize("given", [photos()[2:3], photos()[3:4], []], ids=["none", "failed", "no"])
def test_a_job_without_faces_is_valid(write: Write, given: object) -> None:
    coco = load(write(FORM, given=given))
    assert coco.getAnnIds() == []
    assert len(coco.getCatIds()) == 7


def test_tells_the_jobs_time_and_not_todays(write: Write) -> None:
    info = json.loads(write(FORM).read_text())["info"]
    assert info["date_created"] == "2026-11-23T07:00:00Z"
    assert info["version"] == "m"


def test_an_eighth_expression_is_refused(write: Write) -> None:
    face = replace(photos()[0].faces[0], emotions={"contempt": 1.0})
    with pytest.raises(ExportError, match="'contempt' is none of surprise"):
        write(FORM, given=[replace(photos()[0], faces=(face,))])
