"""Stored analyses as public photo results."""

import json
from typing import Any

import pytest

from services.api.jobs.results.schemas import photo_result
from services.common.domain.emotions import Emotion
from services.common.domain.faces import Landmark
from services.common.domain.jobs import ItemStatus
from tests.fixtures.jobs import MODEL_VERSION, face_payload, photo_payload, photo_record


class TestPhotoResult:
    def test_shows_a_face_in_named_fields(self) -> None:
        result = photo_result(photo_record(), top_n=2)
        [face] = result.faces
        assert face.box.model_dump() == {"x": 8.0, "y": 4.0, "w": 24.0, "h": 30.0}
        assert face.box_norm.model_dump() == {"x": 0.125, "y": 0.1, "w": 0.375, "h": 0.75}
        assert face.landmarks[Landmark.NOSE].model_dump() == {"x": 20.0, "y": 19.0}
        assert face.emotions[Emotion.HAPPINESS] == 0.7
        assert sum(face.emotions.values()) == pytest.approx(1)
        assert [(score.label, score.p) for score in face.top] == [
            ("happiness", 0.7),
            ("surprise", 0.05),
        ]
        assert (face.quality.face_px, face.quality.blur) == (30.0, 120.5)
        assert result.model_version == MODEL_VERSION
        assert result.error is None

    def test_keeps_the_order_of_labels_in_json(self) -> None:
        document = json.loads(photo_result(photo_record(), top_n=1).model_dump_json())
        assert list(document["faces"][0]["emotions"]) == [
            "surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("box", "warnings"),
        [
            ((10, 10, 60, 60), []),
            ((10, 10, 30, 47), ["small_face"]),
            ((0, 10, 60, 60), ["cut_off"]),
            ((40, 10, 60, 60), ["cut_off"]),
            ((0, 0, 20, 20), ["small_face", "cut_off"]),
        ],
    )
    def test_warns_of_small_and_cut_faces(
        self, box: tuple[float, ...], warnings: list[str]
    ) -> None:
        payload = photo_payload(face_payload(box=box), width=100, height=100)
        [face] = photo_result(photo_record(payload=payload), top_n=1).faces
        assert face.warnings == warnings

    def test_tells_a_shrunk_photo_in_pixels_of_the_original(self) -> None:
        face = face_payload(box=(10, 20, 30, 40))
        sent = photo_payload(face, width=100, height=80)
        whole = photo_result(photo_record(payload=sent), top_n=1)
        shown = photo_result(photo_record(payload=sent | {"original": [400, 321]}), top_n=1)
        assert whole.image is not None
        assert whole.image.scale == 1
        assert shown.image is not None
        assert (shown.image.width, shown.image.height, shown.image.scale) == (400, 321, 0.25)
        [one], [before] = shown.faces, whole.faces
        assert (one.box.x, one.box.w) == (40, 120)
        assert one.box.y == pytest.approx(20 * 321 / 80)
        assert one.box_norm == before.box_norm
        for name, point in before.landmarks.items():
            assert one.landmarks[name].x == point.x * 4
        assert (one.quality.face_px, one.warnings) == (40, before.warnings)

    def test_shows_a_photo_without_faces_as_a_result(self) -> None:
        result = photo_result(photo_record(status=ItemStatus.NO_FACE), top_n=3)
        assert result.faces == []
        assert result.image is not None
        assert result.error is None

    def test_names_what_answered(self) -> None:
        payload = {**photo_payload(), "precision": "int8", "detector": "openvino"}
        result = photo_result(photo_record(payload=payload), top_n=3)
        assert (result.precision, result.detector) == ("int8", "openvino")

    def test_of_before_that_was_noted_names_nothing(self) -> None:
        result = photo_result(photo_record(payload=photo_payload()), top_n=3)
        assert (result.precision, result.detector) == (None, None)

    def test_tells_roll_time_and_warnings(self) -> None:
        payload = {
            **photo_payload(face_payload(roll=179.5)),
            "captured_at": "2026-07-19T14:03:27",
            "warnings": ["end_missing"],
        }
        result = photo_result(photo_record(payload=payload), top_n=3)
        assert (result.captured_at, result.warnings) == ("2026-07-19T14:03:27", ["end_missing"])
        assert result.faces[0].roll == 179.5

    def test_of_before_those_were_known_has_none(self) -> None:
        result = photo_result(photo_record(payload=photo_payload(face_payload())), top_n=3)
        assert (result.captured_at, result.warnings, result.faces[0].roll) == (None, [], None)

    def test_a_picture_that_is_a_face_has_no_landmarks_and_is_not_cut_off(self) -> None:
        payload = photo_payload(face_payload(landmarks=[], box=(0, 0, 64, 40)))
        [face] = photo_result(photo_record(payload=payload), top_n=3).faces
        assert (face.landmarks, face.warnings) == ({}, [])

    def test_shows_an_error_without_an_image(self) -> None:
        result = photo_result(photo_record(status=ItemStatus.FAILED), top_n=3)
        assert result.error is not None
        assert result.error.code == "decode_failed"
        assert (result.image, result.faces, result.model_version) == (None, [], None)

    @pytest.mark.parametrize("status", [ItemStatus.QUEUED, ItemStatus.RUNNING])
    def test_shows_nothing_before_the_end(self, status: ItemStatus) -> None:
        result = photo_result(photo_record(status=status), top_n=3)
        assert (result.image, result.faces, result.error) == (None, [], None)


class TestReviewed:
    @pytest.mark.parametrize(
        ("votes", "answer", "differs"),
        [
            (["happiness"], "happiness", False),
            (["fear", "fear", "happiness"], "fear", True),
            (["fear", "happiness"], None, False),
            (["cannot_tell"], "cannot_tell", False),
            (["not_a_face"], "not_a_face", True),
        ],
    )
    def test_stands_beside_the_models_answer(
        self, votes: list[str], answer: str | None, differs: bool
    ) -> None:
        [face] = photo_result(photo_record(), top_n=1, votes={0: votes}).faces
        assert face.reviewed is not None
        assert (face.reviewed.answer, face.reviewed.differs) == (answer, differs)
        assert face.reviewed.votes == len(votes)
        assert face.top[0].label == "happiness"

    def test_is_null_without_a_vote(self) -> None:
        [face] = photo_result(photo_record(), top_n=1, votes={1: ["fear"]}).faces
        assert face.reviewed is None

    def test_blind_shows_what_neither_model_nor_people_say(self) -> None:
        payload = photo_payload(face_payload(uncertain=True))
        record = photo_record(payload=payload)
        [face] = photo_result(record, top_n=3, votes={0: ["fear"]}, blind=True).faces
        assert (face.emotions, face.top, face.margin, face.uncertain) == ({}, [], 0, False)
        assert face.reviewed is None
        [seen] = photo_result(record, top_n=3).faces
        assert (face.box, face.landmarks, face.quality) == (seen.box, seen.landmarks, seen.quality)


class TestError:
    @pytest.mark.parametrize(
        ("code", "changes", "kept", "retryable"),
        [
            ("internal", {}, True, True),
            ("truncated", {}, True, False),
            ("internal", {}, False, False),
            ("fetch_failed", {"object_key": "", "source_url": "https://a.example/b"}, True, True),
            ("object_missing", {"object_key": ""}, True, False),
        ],
    )
    def test_says_whether_a_retry_may_help(
        self, code: str, changes: dict[str, Any], kept: bool, retryable: bool
    ) -> None:
        record = photo_record(status=ItemStatus.FAILED, error_code=code, **changes)
        error = photo_result(record, top_n=1, kept=kept).error
        assert error is not None
        assert error.retryable is retryable
