from dataclasses import replace

import pytest

from benchmarks.pipeline.agreement import Face, compare, match
from services.common.domain.faces import Box

EVEN = (1 / 7,) * 7


def face(
    x: float = 0.0,
    *,
    confidence: float = 0.99,
    shift: float = 0.0,
    probabilities: tuple[float, ...] = (0.4, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0),
) -> Face:
    points = tuple((x + 10.0 * n + shift, 20.0) for n in range(5))
    return Face(Box(x, 0.0, 100.0, 80.0), points, confidence, probabilities)


class TestCompare:
    def test_a_side_agrees_with_itself(self) -> None:
        photos = [[face(), face(200)], []]
        found = compare(photos, photos)
        assert (found.faces, found.confident, found.matched, found.new) == (2, 2, 1.0, 0)
        assert (found.landmark_max, found.top1, found.max_dp) == (0.0, 1.0, 0.0)

    def test_counts_a_missed_and_a_new_face(self) -> None:
        found = compare([[face(), face(200)]], [[face(), face(900)]])
        assert found.matched == 0.5
        assert found.new == 1

    def test_doubtful_faces_are_neither_missed_nor_new(self) -> None:
        found = compare([[face(confidence=0.9)]], [[face(500, confidence=0.94)]])
        assert (found.matched, found.new) == (1.0, 0)

    def test_a_face_that_moved_by_a_tenth_is_missed(self) -> None:
        found = compare([[face()]], [[face(10)]])
        assert (found.matched, found.new) == (0.0, 1)

    def test_landmark_errors_are_shares_of_the_longer_side(self) -> None:
        found = compare([[face(), face(200)]], [[face(), face(200, shift=2.0)]])
        assert found.landmark_max == pytest.approx(0.02)
        assert found.landmark_mean == pytest.approx(0.01)

    def test_tells_other_first_answers_and_the_largest_difference(self) -> None:
        other = (0.6, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0)
        found = compare([[face(), face(200)]], [[face(), face(200, probabilities=other)]])
        assert found.top1 == 0.5
        assert found.max_dp == pytest.approx(0.2)

    def test_no_faces_at_all_agree(self) -> None:
        found = compare([[]], [[]])
        assert (found.matched, found.top1, found.landmark_mean) == (1.0, 1.0, 0.0)

    def test_refuses_sides_of_other_photos(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            compare([[]], [[], []])


class TestMatch:
    def test_takes_the_best_pair_first_and_each_face_once(self) -> None:
        near, nearer = face(2), face(1)
        assert match([face()], [near, nearer]) == [(0, 1)]
        assert match([face(), replace(face(), confidence=0.5)], [nearer]) in ([(0, 0)], [(1, 0)])
