"""A saved file beside a job."""

import json

import pytest

from hfer._codec import decode
from hfer.comparison import Comparison, SavedFace, SavedFile, SavedPhoto, compare
from hfer.comparison.rows import comparison_csv, comparison_json
from hfer.models import Box, PhotoResult
from tests.fixtures.fake_service import face_json, photo_json

ALL = ("surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral")


NEAR = Box(2, 2, 30, 40)


def saved_face(
    number: int = 0, box: Box = NEAR, top: str | None = "HAPPY", **scores: float
) -> SavedFace:
    return SavedFace(number, box, relative=False, scores=scores, top=top)


def photo(name: str, *faces: dict[str, object]) -> PhotoResult:
    return decode(PhotoResult, photo_json(0, name, faces=list(faces)))


def compared(*photos: SavedPhoto, job: list[PhotoResult], iou: float = 0.4) -> Comparison:
    return compare(SavedFile("rekognition", photos, ALL), job, iou=iou)


class TestFaces:
    def test_a_pair_compares_ranks_and_not_numbers(self) -> None:
        face = saved_face(happiness=30.0, neutral=20.0, sadness=1.0)
        ours = face_json() | {"emotions": {"neutral": 0.2, "happiness": 0.7, "sadness": 0.1}}
        found = compared(SavedPhoto("a.jpg", (face,)), job=[photo("a.jpg", ours)])
        (pair,) = found.pairs
        assert (pair.agrees, pair.spearman, pair.kendall) == (True, 1.0, 1.0)
        assert (found.agreed, found.ranked, found.agreement) == (1, 1, 1.0)
        assert pair.iou == pytest.approx(29.5 * 40 / (2 * 30 * 40 - 29.5 * 40))

    def test_only_expressions_that_both_know_count(self) -> None:
        ours = face_json() | {"emotions": {"neutral": 0.8, "happiness": 0.15, "sadness": 0.05}}
        face = saved_face(happiness=0.1, sadness=0.3)
        (pair,) = compared(SavedPhoto("a.jpg", (face,)), job=[photo("a.jpg", ours)]).pairs
        assert (pair.top, pair.first, pair.their_first, pair.agrees) == (
            "neutral",
            "happiness",
            "sadness",
            False,
        )

    def test_a_face_without_scores_is_paired_and_not_ranked(self) -> None:
        found = compared(
            SavedPhoto("a.jpg", (saved_face(top=None),)), job=[photo("a.jpg", face_json())]
        )
        assert (len(found.pairs), found.ranked, found.agreement) == (1, 0, None)
        assert (found.mean_spearman, found.pairs[0].agrees) == (None, None)

    def test_shares_are_of_the_photo(self) -> None:
        shares = SavedFace(0, Box(1.5 / 64, 2 / 48, 30 / 64, 40 / 48), True, {}, None)
        found = compared(SavedPhoto("a.jpg", (shares,)), job=[photo("a.jpg", face_json())])
        assert found.pairs[0].iou == pytest.approx(1.0)

    def test_faces_of_one_side_are_listed(self) -> None:
        away = saved_face(1, Box(50, 0, 9, 9), "SAD")
        ours = face_json(1) | {"box": {"x": 40, "y": 40, "w": 8, "h": 8}}
        found = compared(
            SavedPhoto("a.jpg", (saved_face(), away)), job=[photo("a.jpg", face_json(), ours)]
        )
        assert [(f.side, f.face, f.top) for f in found.lone_faces] == [
            ("job", 1, "happiness"),
            ("file", 1, "SAD"),
        ]

    def test_those_that_overlap_most_are_paired_and_each_once(self) -> None:
        near, far = saved_face(0, Box(1.5, 2, 30, 40)), saved_face(1, Box(6, 2, 30, 40))
        found = compared(
            SavedPhoto("a.jpg", (far, near)), job=[photo("a.jpg", face_json())], iou=0.1
        )
        assert [pair.saved_face for pair in found.pairs] == [0]
        assert [face.face for face in found.lone_faces] == [1]

    def test_the_threshold_is_the_callers(self) -> None:
        face = saved_face(0, Box(16.5, 2, 30, 40))  # a third of the area of both
        job = [photo("a.jpg", face_json())]
        assert not compared(SavedPhoto("a.jpg", (face,)), job=job, iou=0.34).pairs
        assert compared(SavedPhoto("a.jpg", (face,)), job=job, iou=0.33).pairs


class TestPhotos:
    def test_those_of_one_side_are_listed_with_the_reason(self) -> None:
        failed = decode(PhotoResult, photo_json(0, "f.jpg", status="failed") | {"image": None})
        found = compared(
            SavedPhoto("gone.jpg"), SavedPhoto("f.jpg"), job=[photo("only.jpg"), failed]
        )
        assert found.photos == 0
        assert [(p.side, p.filename) for p in found.lone_photos] == [
            ("file", "gone.jpg"),
            ("file", "f.jpg"),
            ("job", "only.jpg"),
        ]
        assert found.lone_photos[1].reason == "the job has no result of it (truncated)"


class TestSums:
    def test_first_answers_and_one_expression_over_all_faces(self) -> None:
        sets = [(0.9, 90.0), (0.6, 60.0), (0.3, 30.0)]
        photos = [
            SavedPhoto(f"{n}.jpg", (saved_face(happiness=score, sadness=50.0),))
            for n, (_, score) in enumerate(sets)
        ]
        job = [
            photo(f"{n}.jpg", face_json() | {"emotions": {"happiness": p, "sadness": 0.05}})
            for n, (p, _) in enumerate(sets)
        ]
        found = compared(*photos, job=job)
        assert found.confusion == {("happiness", "happiness"): 2, ("sadness", "happiness"): 1}
        assert found.across_faces("happiness") == pytest.approx(1.0)
        assert found.across_faces("sadness") is None
        assert found.mean_spearman == pytest.approx(1 / 3)


class TestRows:
    AWAY = face_json(1) | {"box": {"x": 50, "y": 0, "w": 9, "h": 9}}
    FOUND = compared(
        SavedPhoto("=a.jpg", (saved_face(happiness=30.0, neutral=20.0),)),
        SavedPhoto("gone.jpg"),
        job=[
            photo("=a.jpg", face_json(), face_json(1) | {"box": {"x": 50, "y": 0, "w": 9, "h": 9}})
        ],
    )

    def test_csv_has_a_row_for_each_face_and_lone_photo(self) -> None:
        header, pair, face, gone, rest = comparison_csv(self.FOUND).decode().split("\r\n")
        assert header.startswith("filename,side,reason,item_id,face_index,saved_face,iou,agrees,")
        # A spreadsheet would run "=a.jpg".
        assert pair.startswith("'=a.jpg,both,,itm_0,0,0,0.967213,TRUE,happiness,happiness,")
        assert face.startswith("'=a.jpg,job,,,1,,,,")
        assert gone.startswith("gone.jpg,file,no photo of this name in the job,")
        assert not rest

    def test_json_holds_the_sums_and_the_faces(self) -> None:
        data = json.loads(json.dumps(comparison_json(self.FOUND)))
        assert (data["faces"], data["faces_agreed"], data["agreement"]) == (1, 1, 1.0)
        assert data["pairs"][0]["theirs"] == {"happiness": 30.0, "neutral": 20.0}
        assert data["lone_photos"] == [
            {"side": "file", "filename": "gone.jpg", "reason": "no photo of this name in the job"}
        ]
