import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.common.domain.faces import DetectedFace
from services.vision.detectors.boxes import (
    Floats,
    corrected,
    faces_from_arrays,
    nested_suppression,
    non_maximum_suppression,
    pixel_windows,
    squared,
)


def boxes(*rows: tuple[float, float, float, float]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*values: float) -> Floats:
    return np.array(values, np.float32)


class TestNonMaximumSuppression:
    def test_keeps_the_better_of_two_that_overlap(self) -> None:
        found = non_maximum_suppression(
            boxes((0, 0, 10, 10), (1, 1, 11, 11), (50, 50, 60, 60)), scores(0.7, 0.9, 0.8), 0.5
        )
        assert found.tolist() == [1, 2]

    def test_keeps_both_at_exactly_the_threshold(self) -> None:
        pair = boxes((0, 0, 10, 10), (0, 0, 10, 5))
        assert len(non_maximum_suppression(pair, scores(0.9, 0.8), 0.5)) == 2

    def test_earlier_wins_among_equals(self) -> None:
        pair = boxes((0, 0, 10, 10), (0, 0, 10, 9))
        assert non_maximum_suppression(pair, scores(0.9, 0.9), 0.5).tolist() == [0]

    def test_takes_no_boxes(self) -> None:
        assert non_maximum_suppression(boxes(), scores(), 0.5).tolist() == []

    @given(st.integers(0, 10_000), st.sampled_from([0.5, 0.7]))
    def test_no_two_kept_boxes_overlap_more_than_allowed(self, seed: int, limit: float) -> None:
        rng = np.random.default_rng(seed)
        corner = rng.integers(0, 60, (40, 2))
        some = np.hstack([corner, corner + rng.integers(5, 40, (40, 2))]).astype(np.float32)
        kept = some[non_maximum_suppression(some, rng.random(40).astype(np.float32), limit)]
        low = np.maximum(kept[:, None, :2], kept[None, :, :2])
        high = np.minimum(kept[:, None, 2:], kept[None, :, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=-1)
        areas = np.prod(kept[:, 2:] - kept[:, :2], axis=1)
        overlap = shared / (areas[:, None] + areas - shared)
        assert (overlap[~np.eye(len(kept), dtype=bool)] <= limit + 1e-6).all()


class TestNestedSuppression:
    def test_drops_a_box_inside_a_better_one(self) -> None:
        nested = boxes((0, 0, 100, 100), (40, 40, 60, 60))
        assert nested_suppression(nested, scores(0.9, 0.8), 0.7).tolist() == [0]
        assert len(non_maximum_suppression(nested, scores(0.9, 0.8), 0.7)) == 2

    def test_later_wins_among_equals(self) -> None:
        pair = boxes((0, 0, 10, 10), (0, 0, 10, 9))
        assert nested_suppression(pair, scores(0.9, 0.9), 0.7).tolist() == [1]

    def test_keeps_boxes_apart(self) -> None:
        apart = boxes((0, 0, 10, 10), (20, 20, 30, 30))
        assert nested_suppression(apart, scores(0.8, 0.9), 0.7).tolist() == [1, 0]


class TestShapes:
    def test_corrected_moves_corners_by_shares_of_the_sides(self) -> None:
        moved = corrected(boxes((10, 20, 30, 60)), boxes((0.1, -0.1, 0.5, 0.25)), edge=0)
        assert np.allclose(moved, [[12, 16, 40, 70]])

    def test_corrected_counts_the_edge_pixel(self) -> None:
        moved = corrected(boxes((0, 0, 9, 19)), boxes((1, 1, 0, 0)), edge=1)
        assert np.allclose(moved, [[10, 20, 9, 19]])

    def test_squared_grows_the_shorter_side_about_the_centre(self) -> None:
        assert np.allclose(squared(boxes((10, 0, 20, 40))), [[-5, 0, 35, 40]])

    def test_windows_are_one_based_and_inside_the_photo(self) -> None:
        some = boxes((-5.5, 3.9, 10.2, 99.0), (200, 0, 300, 50))
        found = pixel_windows(some, height=48, width=64).tolist()
        assert found[0] == [0, 2, 10, 48]
        assert found[1][0] >= found[1][2]


def faces(
    corners: list[float], *, score: float = 0.95, threshold: float = 0.9, min_face_px: int = 20
) -> list[DetectedFace]:
    points = np.array([[[-3.0, 10], [50, 200], [30, 30], [20, 40], [40, 40]]], np.float32)
    return faces_from_arrays(
        np.array([corners], np.float32),
        np.array([score], np.float32),
        points,
        size=(64, 48),
        threshold=threshold,
        min_face_px=min_face_px,
    )


class TestFacesFromArrays:
    def test_clips_box_and_landmarks_to_the_photo(self) -> None:
        (face,) = faces([-10, -5, 70, 60])
        assert face.box.corners == (0, 0, 64, 48)
        assert face.landmarks[0] == (0, 10)
        assert face.landmarks[1] == (50, 48)

    def test_gives_python_floats(self) -> None:
        (face,) = faces([1, 2, 40, 40])
        values = [*face.box.corners, face.confidence, *(v for p in face.landmarks for v in p)]
        assert {type(value) for value in values} == {float}

    def test_keeps_confidence_within_one(self) -> None:
        (face,) = faces([1, 2, 40, 40], score=1.0000001)
        assert face.confidence == 1.0

    def test_drops_what_is_below_the_threshold(self) -> None:
        assert faces([1, 2, 40, 40], score=0.89) == []

    def test_measures_the_longer_side_after_clipping(self) -> None:
        assert faces([-30, 0, 19, 15], min_face_px=20) == []
        assert len(faces([0, 0, 20, 15], min_face_px=20)) == 1

    def test_drops_a_box_outside_the_photo(self) -> None:
        assert faces([70, 0, 90, 40]) == []
