"""Faces of two jobs: which is which, which are answered differently, and how they add up."""

import uuid

import pytest

from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.faces import Box
from services.common.jobs.diff import DiffFilter, DiffTotals, FacePair, FoundIn, pair_faces
from services.common.jobs.repositories.diffs import Outline, PhotoPair, SeenFace

HAPPY, NEUTRAL = 3, 6


def face(index: int, x: float, top: int = HAPPY, p: float = 0.7) -> SeenFace:
    rest = (1 - p) / (len(EMOTIONS) - 1)
    answer = tuple(p if place == top else rest for place in range(len(EMOTIONS)))
    return SeenFace(index, Box(x, 0, 10, 10), answer)


def photo(ours: list[SeenFace], theirs: list[SeenFace], *, alike: bool = False) -> PhotoPair:
    ids = uuid.UUID(int=1), uuid.UUID(int=2)
    return PhotoPair(0, *ids, "a.jpg", alike, tuple(ours), tuple(theirs))


def indexes(pairs: list[FacePair]) -> list[tuple[int | None, int | None]]:
    return [(pair.face and pair.face.index, pair.other and pair.other.index) for pair in pairs]


class TestPairFaces:
    def test_those_that_overlap_most_come_first(self) -> None:
        pairs = pair_faces(photo([face(0, 0), face(1, 3)], [face(0, 2.5), face(1, 40)]))
        assert indexes(pairs) == [(0, None), (1, 0), (None, 1)]
        assert [pair.iou for pair in pairs] == [None, pytest.approx(9.5 / 10.5), None]

    def test_nothing_is_paired_below_the_least_overlap(self) -> None:
        assert indexes(pair_faces(photo([face(0, 0)], [face(0, 5)]))) == [(0, None), (None, 0)]

    def test_a_face_is_changed_by_its_first_answer_alone(self) -> None:
        surer, other = face(0, 0, p=0.9), face(0, 0, NEUTRAL)
        assert not pair_faces(photo([face(0, 0)], [surer]))[0].changed
        assert pair_faces(photo([face(0, 0)], [other]))[0].changed
        assert pair_faces(photo([face(0, 0)], []))[0].changed


class TestDiffFilter:
    def test_names_the_changes_that_are_wanted(self) -> None:
        assert len(DiffFilter().changes) == 42
        assert DiffFilter(FoundIn.THIS).changes == []
        cell = DiffFilter(expression=Emotion.HAPPINESS, other_expression=Emotion.NEUTRAL)
        assert cell.changes == [(HAPPY, NEUTRAL)]
        assert len(DiffFilter(FoundIn.BOTH, expression=Emotion.NEUTRAL).changes) == 6

    def test_takes_lone_faces_by_who_found_them(self) -> None:
        [ours] = pair_faces(photo([face(0, 0)], []))
        [theirs] = pair_faces(photo([], [face(0, 0)]))
        assert [DiffFilter(FoundIn.THIS).takes(one) for one in (ours, theirs)] == [True, False]
        assert [DiffFilter(FoundIn.OTHER).takes(one) for one in (ours, theirs)] == [False, True]
        of_ours = DiffFilter(expression=Emotion.HAPPINESS)
        assert [of_ours.takes(one) for one in (ours, theirs)] == [True, False]


class TestDiffTotals:
    def test_add_up_by_first_answers(self) -> None:
        counted = [[0] * len(EMOTIONS) for _ in EMOTIONS]
        counted[NEUTRAL][NEUTRAL] = 5
        counted[NEUTRAL][HAPPY] = 2
        totals = DiffTotals.of(Outline(9, 1, counted, []))
        assert (totals.photos, totals.unanswered, totals.faces, totals.changed) == (9, 1, 7, 2)
        for one in (
            photo([face(0, 0), face(1, 40)], [face(0, 0, NEUTRAL), face(1, 40)]),
            photo([face(0, 0)], [face(0, 40), face(1, 80)]),
        ):
            totals.add(one, pair_faces(one))
        assert (totals.faces, totals.changed, totals.lost, totals.gained) == (9, 3, 1, 2)
        assert (totals.confusion[HAPPY][NEUTRAL], totals.confusion[HAPPY][HAPPY]) == (1, 1)
        assert sum(map(sum, totals.confusion)) == totals.faces
        assert (totals.moved, totals.measured) == (pytest.approx(0.65), 2)

    def test_a_photo_that_the_outline_counted_is_only_measured(self) -> None:
        one = photo([face(0, 0)], [face(0, 0, NEUTRAL)], alike=True)
        totals = DiffTotals()
        totals.add(one, pair_faces(one))
        totals.add(one, pair_faces(one), measure=False)
        assert (totals.faces, totals.changed, totals.measured) == (0, 0, 1)
