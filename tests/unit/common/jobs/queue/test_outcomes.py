import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoAnalysis, PhotoWarning
from services.common.domain.jobs import Verdict
from services.common.jobs.queue.outcomes import ItemOutcome, from_payload, to_columns, to_payload
from tests.fixtures.analysers import expected_analysis, fake_photo
from tests.fixtures.properties import PATIENT

NOBODY = PhotoAnalysis(width=4, height=3, exif_orientation=6, faces_truncated=True)
BAD = ItemError(ItemErrorCode.TRUNCATED, "cut short")
FACES = next(
    analysis
    for analysis in (expected_analysis(fake_photo(number)) for number in range(20))
    if analysis.faces
)


class TestPayload:
    @PATIENT
    @given(st.integers(0, 10_000))
    def test_comes_back_from_json_unchanged(self, number: int) -> None:
        analysis = expected_analysis(fake_photo(number))
        assert from_payload(json.loads(json.dumps(to_payload(analysis)))) == analysis

    def test_of_a_photo_without_faces_comes_back(self) -> None:
        assert from_payload(to_payload(NOBODY)) == NOBODY

    def test_names_what_answered(self) -> None:
        named = replace(NOBODY, precision="bf16", detector="openvino")
        assert from_payload(to_payload(named)) == named

    def test_of_before_that_was_noted_comes_back(self) -> None:
        old = {
            key: value
            for key, value in to_payload(FACES).items()
            if key not in {"precision", "detector", "captured_at", "warnings"}
        }
        old["faces"] = [
            {key: value for key, value in face.items() if key != "roll"} for face in old["faces"]
        ]
        assert from_payload(old) == FACES

    def test_tells_when_it_was_taken_what_was_mended_and_how_heads_are_turned(self) -> None:
        known = replace(
            FACES,
            captured_at="2026-07-19T14:03:27",
            warnings=(PhotoWarning.END_MISSING,),
            faces=tuple(replace(face, roll=-31.5) for face in FACES.faces),
        )
        assert from_payload(json.loads(json.dumps(to_payload(known)))) == known

    def test_keeps_the_size_of_what_the_client_shrank(self) -> None:
        shrunk = replace(FACES, original=(4_032, 3_024))
        assert from_payload(json.loads(json.dumps(to_payload(shrunk)))) == shrunk

    def test_has_the_shape_that_the_api_reads(self) -> None:
        payload = to_payload(FACES)
        assert payload.keys() == {
            "width",
            "height",
            "exif_orientation",
            "faces_truncated",
            "precision",
            "detector",
            "captured_at",
            "warnings",
            "faces",
        }
        face = payload["faces"][0]
        assert face.keys() == {
            "face_index",
            "box",
            "landmarks",
            "confidence",
            "probabilities",
            "margin",
            "uncertain",
            "blur",
            "roll",
        }
        assert (len(face["box"]), len(face["landmarks"]), len(face["probabilities"])) == (4, 5, 7)


class TestItemOutcome:
    @pytest.mark.parametrize(
        ("result", "verdict", "label", "faces"),
        [
            (FACES, Verdict.SUCCEEDED, "succeeded", len(FACES.faces)),
            (NOBODY, Verdict.NO_FACE, "no_face", 0),
            (BAD, Verdict.FAILED, "truncated", 0),
        ],
    )
    def test_names_what_came_of_a_photo(
        self, result: PhotoAnalysis | ItemError, verdict: Verdict, label: str, faces: int
    ) -> None:
        outcome = ItemOutcome(1, result)
        assert (outcome.verdict, outcome.label, outcome.faces) == (verdict, label, faces)


class TestToColumns:
    def test_sorts_by_id_so_that_writers_lock_in_one_order(self) -> None:
        columns = to_columns([ItemOutcome(9, NOBODY, 1.5, 4.0), ItemOutcome(2, BAD)])
        assert columns["ids"] == [2, 9]
        assert columns["verdicts"] == [2, 1]
        assert columns["codes"] == ["truncated", None]
        assert columns["details"] == ["cut short", None]
        assert columns["milliseconds"] == [None, 1.5]
        assert columns["core_ms"] == [0.0, 4.0]
        assert columns["faces"] == [0, 0]
        assert columns["payloads"][0] is None
        assert json.loads(columns["payloads"][1]) == to_payload(NOBODY)
