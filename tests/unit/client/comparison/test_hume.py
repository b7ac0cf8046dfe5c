"""Predictions of Hume, in the form that its last SDK with models of them reads."""

import copy

import pytest
from hume.expression_measurement.batch.types import InferenceSourcePredictResult
from pydantic import ValidationError

from hfer.comparison.hume import EQUALS, read_hume
from hfer.errors import SavedFileError
from hfer.models import Box
from tests.fixtures.saved_predictions import HUME_NAMES, hume_face, hume_source

SOURCE = hume_source("cam1/a.jpg", hume_face(Joy=0.6, Sadness=0.2), md5="AB" * 16)


class TestForm:
    def test_our_examples_are_what_humes_sdk_reads(self) -> None:
        read = InferenceSourcePredictResult.model_validate(copy.deepcopy(SOURCE))
        assert read.results is not None
        face = read.results.predictions[0].models.face
        assert face is not None
        assert face.grouped_predictions[0].predictions[0].box.w == 30

    def test_its_models_refuse_a_face_without_a_box_and_so_do_we(self) -> None:
        broken = copy.deepcopy(SOURCE)
        face = broken["results"]["predictions"][0]["models"]["face"]
        del face["grouped_predictions"][0]["predictions"][0]["box"]
        with pytest.raises(ValidationError, match="box"):
            InferenceSourcePredictResult.model_validate(broken)
        with pytest.raises(SavedFileError, match=r"cam1/a\.jpg, face 0: x is not a number"):
            read_hume(broken)

    def test_what_its_sdk_dumps_reads_the_same(self) -> None:
        dumped = InferenceSourcePredictResult.model_validate(SOURCE).model_dump(mode="json")
        assert read_hume(dumped) == read_hume(SOURCE)


class TestRead:
    def test_every_equal_is_one_of_its_names(self) -> None:
        assert {name for names in EQUALS.values() for name in names} < {*HUME_NAMES}
        assert len(HUME_NAMES) == 48

    def test_faces_have_pixels_and_the_larger_surprise(self) -> None:
        scores = {"Surprise (negative)": 0.3, "Surprise (positive)": 0.5, "Calmness": 0.9}
        (photo,) = read_hume(hume_source("a.jpg", hume_face((-1, 2, 30, 40), **scores)))
        (face,) = photo.faces
        assert (face.box, face.relative) == (Box(-1, 2, 30, 40), False)
        assert face.scores["surprise"] == 0.5
        assert "neutral" not in face.scores
        assert face.top == "Calmness"

    def test_a_score_outside_0_to_1_is_kept(self) -> None:
        (photo,) = read_hume(hume_source("a.jpg", hume_face(Joy=1.2, Anger=-0.1)))
        assert photo.faces[0].scores["happiness"] == 1.2
        assert photo.faces[0].scores["anger"] == -0.1

    def test_knows_the_checksum_in_lower_case(self) -> None:
        assert read_hume(SOURCE)[0].md5 == "ab" * 16

    def test_a_url_is_a_name(self) -> None:
        source = hume_source("x", hume_face()) | {
            "source": {"type": "url", "url": "https://h/a.jpg"}
        }
        assert read_hume(source)[0].name == "https://h/a.jpg"

    def test_groups_of_people_are_one_list(self) -> None:
        source = hume_source("a.jpg", hume_face())
        face = source["results"]["predictions"][0]["models"]["face"]
        face["grouped_predictions"].append({"id": "p2", "predictions": [hume_face((50, 2, 9, 9))]})
        assert [face.number for face in read_hume(source)[0].faces] == [0, 1]

    def test_a_video_and_a_failed_file_say_why_they_cannot_be_compared(self) -> None:
        (video,) = read_hume(hume_source("a.mp4", hume_face(), hume_face(frame=12)))
        assert video.problem == "it is a video"
        (failed,) = read_hume(hume_source("a.jpg", error="unreadable"))
        assert failed.problem == "Hume could not read it: unreadable"

    def test_files_of_an_archive_are_photos_of_their_own(self) -> None:
        one, other = hume_source("1.jpg", hume_face()), hume_source("2.jpg")
        one["results"]["predictions"] += other["results"]["predictions"]
        found = read_hume(one)
        assert [(photo.name, len(photo.faces), photo.md5) for photo in found] == [
            ("1.jpg", 1, None),
            ("2.jpg", 0, None),
        ]
