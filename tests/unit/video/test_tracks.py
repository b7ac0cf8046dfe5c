"""Made faces that move, cross, hide and leave; nobody's number goes over a cut."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from services.video.assignment import cheapest_pairs
from services.video.cuts import CutFinder
from services.video.tracks import FaceBox, TrackedFrame, track_faces

FPS = 7.0
SIZE = 60.0


def at(x: float, y: float = 100.0, size: float = SIZE) -> FaceBox:
    return (x, y, size, size)


def tracked(
    boxes: list[list[FaceBox]], cuts: tuple[int, ...] = (), fps: float = FPS
) -> list[list[int]]:
    return track_faces(
        [TrackedFrame(n / fps, seen, begins_shot=n in cuts) for n, seen in enumerate(boxes)]
    )


class TestAssignment:
    @pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 7), (9, 4), (30, 30)])
    def test_costs_as_little_as_scipys(self, shape: tuple[int, int]) -> None:
        costs = np.random.default_rng(5).random(shape)
        ours = cheapest_pairs(costs)
        rows, columns = linear_sum_assignment(costs)
        assert len({row for row, _ in ours}) == len({column for _, column in ours}) == min(shape)
        assert sum(costs[pair] for pair in ours) == pytest.approx(costs[rows, columns].sum())

    def test_sees_that_a_forbidden_pair_is_the_last_choice(self) -> None:
        costs = np.array([[0.1, 0.2], [0.15, 1e6]])
        assert cheapest_pairs(costs) == [(0, 1), (1, 0)]


class TestTracks:
    def test_two_faces_that_cross_keep_their_numbers(self) -> None:
        frames = [[at(40 * n), at(400 - 40 * n, 110)] for n in range(11)]
        assert tracked(frames) == [[0, 1]] * 11

    def test_order_of_the_detector_does_not_matter(self) -> None:
        frames = [[at(20 * n), at(400, 300)][:: 1 if n % 2 else -1] for n in range(8)]
        numbers = tracked(frames)
        assert numbers == [[0, 1] if n % 2 == 0 else [1, 0] for n in range(8)]

    def test_five_widths_a_second_are_followed(self) -> None:
        frames = [[at(SIZE * 5 / FPS * n)] for n in range(14)]
        assert tracked(frames) == [[0]] * 14

    def test_a_hidden_face_is_found_where_its_motion_led(self) -> None:
        frames = [[at(30 * n)] if n not in (5, 6, 7) else [] for n in range(12)]
        assert {number for seen in tracked(frames) for number in seen} == {0}

    def test_who_leaves_and_comes_back_later_is_new(self) -> None:
        frames = [[at(100)] if n < 5 or n > 15 else [] for n in range(20)]
        numbers = tracked(frames)
        assert (numbers[4], numbers[16]) == ([0], [1])

    def test_a_cut_ends_tracks_also_in_the_same_place(self) -> None:
        frames = [[at(100), at(300)] for _ in range(8)]
        assert tracked(frames, cuts=(4,)) == [[0, 1]] * 4 + [[2, 3]] * 4

    def test_a_large_face_before_a_small_one_is_another(self) -> None:
        assert tracked([[at(100)], [at(70, 70, 2 * SIZE)]]) == [[0], [1]]

    def test_a_face_that_comes_near_is_the_same(self) -> None:
        frames = [[at(200 - 4 * n, 100 - 4 * n, SIZE + 8 * n)] for n in range(20)]
        assert tracked(frames) == [[0]] * 20

    def test_boxes_that_tremble_keep_their_numbers(self) -> None:
        noise = np.random.default_rng(11)
        frames = [
            [
                at(float(x + noise.normal(0, 5)), float(100 + noise.normal(0, 5)))
                for x in (50, 150, 250)
            ]
            for _ in range(60)
        ]
        assert tracked(frames) == [[0, 1, 2]] * 60

    def test_no_face_and_no_frame(self) -> None:
        assert track_faces([]) == []
        assert tracked([[], []]) == [[], []]


class TestCuts:
    def scene(self, seed: int) -> np.ndarray:
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        return np.kron(coarse, np.ones((40, 40, 1), np.uint8)).astype(np.uint8)

    def test_another_scene_is_a_cut_and_the_same_is_none(self) -> None:
        finder = CutFinder()
        one, two = self.scene(1), self.scene(2)
        assert [finder.cut_before(s) for s in (one, one, two, two, one)] == [
            False,
            False,
            True,
            False,
            True,
        ]

    def test_a_face_that_moves_through_is_none(self) -> None:
        finder = CutFinder()
        for x in range(0, 200, 30):
            frame = self.scene(1)
            frame[60:160, x : x + 90] = (210, 160, 130)
            assert not finder.cut_before(frame)

    def test_noise_and_a_slow_fade_are_none(self) -> None:
        finder = CutFinder()
        noise = np.random.default_rng(4)
        for step in range(20):
            frame = self.scene(1) * (1 - 0.03 * step) + noise.normal(0, 4, (240, 320, 3))
            assert not finder.cut_before(np.clip(frame, 0, 255).astype(np.uint8))
