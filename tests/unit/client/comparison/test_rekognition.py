"""Answers of DetectFaces, in the form of botocore's model of the service."""

from typing import Any

import botocore.session  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ParamValidationError  # type: ignore[import-untyped]
from botocore.stub import Stubber  # type: ignore[import-untyped]

from hfer.comparison.rekognition import EQUALS, find_answers
from hfer.errors import SavedFileError
from tests.fixtures.saved_predictions import rekognition_answer, rekognition_face

ANSWER = rekognition_answer(
    rekognition_face(HAPPY=60.0, CALM=30.0, CONFUSED=70.0), rekognition_face((-2, 0, 9, 9))
)


@pytest.fixture(scope="module")
def rekognition() -> Any:
    """botocore's client, which speaks to nobody here."""
    session = botocore.session.get_session()
    return session.create_client(
        "rekognition",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


class TestForm:
    def test_our_examples_are_answers_of_detect_faces(self, rekognition: Any) -> None:
        with Stubber(rekognition) as stub:
            stub.add_response("detect_faces", ANSWER)
            answer = rekognition.detect_faces(Image={"Bytes": b"x"}, Attributes=["ALL"])
        assert list(find_answers(answer, "a")) == list(find_answers(ANSWER, "a"))

    def test_the_stub_refuses_what_is_none(self, rekognition: Any) -> None:
        with Stubber(rekognition) as stub, pytest.raises(ParamValidationError):
            stub.add_response("detect_faces", {"FaceDetails": [{"Box": {}}]})

    def test_our_names_are_those_of_the_service(self, rekognition: Any) -> None:
        known = rekognition.meta.service_model.shape_for("EmotionName").enum
        assert {*known} - {*EQUALS.values()} == {"CONFUSED", "UNKNOWN"}
        assert {*EQUALS.values()} < {*known}


class TestRead:
    def test_boxes_are_shares_and_names_are_ours(self) -> None:
        (photo,) = find_answers(ANSWER, "a")
        face = photo.faces[0]
        assert face.relative
        assert face.box.w == pytest.approx(30 / 64)
        assert face.scores == {"happiness": 60.0, "neutral": 30.0}
        assert face.top == "CONFUSED"

    def test_an_answer_without_emotions_has_faces_without_scores(self) -> None:
        face = rekognition_face()
        del face["Emotions"]
        (photo,) = find_answers(rekognition_answer(face), "a")
        assert (photo.faces[0].scores, photo.faces[0].top) == ({}, None)

    @pytest.mark.parametrize(
        "entry",
        [
            {"filename": "c/a.jpg", **ANSWER},
            {"c/a.jpg": ANSWER},
            {"file": "c/a.jpg", "response": ANSWER},
            {"Image": {"S3Object": {"Bucket": "b", "Name": "c/a.jpg"}}, **ANSWER},
        ],
    )
    def test_the_name_beside_an_answer_is_the_photos(self, entry: dict[str, Any]) -> None:
        (photo,) = find_answers(entry, "saved")
        assert (photo.name, len(photo.faces)) == ("c/a.jpg", 2)

    def test_many_answers_under_their_names(self) -> None:
        found = list(find_answers({"a.jpg": ANSWER, "b.jpg": rekognition_answer()}, "saved"))
        assert [(photo.name, len(photo.faces)) for photo in found] == [("a.jpg", 2), ("b.jpg", 0)]

    @pytest.mark.parametrize("value", [None, "0.1", True, float("nan")])
    def test_a_side_that_is_no_number_is_refused(self, value: object) -> None:
        face = rekognition_face()
        face["BoundingBox"]["Left"] = value
        with pytest.raises(SavedFileError, match=r"a\.jpg, face 0: Left is not a number"):
            list(find_answers(rekognition_answer(face), "a.jpg"))
