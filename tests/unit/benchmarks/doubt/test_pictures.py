import numpy as np
import pytest

from benchmarks.doubt.pictures import blurred, cut, draw_back, hard_faces
from services.vision.pipeline import sharpness
from tests.fixtures.training import striped

FACE = striped(2, seed=1, side=48)


@pytest.mark.parametrize(
    ("edge", "gone", "kept"),
    [
        ("left", np.s_[:, :24], np.s_[:, 24:]),
        ("right", np.s_[:, 24:], np.s_[:, :24]),
        ("top", np.s_[:24], np.s_[24:]),
        ("bottom", np.s_[24:], np.s_[:24]),
    ],
)
def test_the_half_that_is_cut_off_repeats_the_line_at_the_cut(
    edge: str, gone: tuple[slice, ...], kept: tuple[slice, ...]
) -> None:
    found = cut(FACE, edge=edge)
    assert (found[kept] == FACE[kept]).all()
    axis = 1 if edge in {"left", "right"} else 0
    assert np.ptp(found[gone], axis=axis).max() == 0
    assert np.array_equal(FACE, striped(2, seed=1, side=48))


def test_more_sigma_is_more_blur() -> None:
    sharp = [sharpness(blurred(FACE, sigma=sigma).reshape(FACE.shape)) for sigma in (0.02, 0.08)]
    assert sharpness(FACE) > 2 * sharp[0] > 4 * sharp[1]


def test_each_way_of_being_hard_to_read_keeps_number_and_shape() -> None:
    faces = np.stack([FACE, striped(3, seed=2, side=48)])
    kinds = list(hard_faces(faces))
    assert {group for group, _, _ in kinds} == {"turned", "cut", "blurred"}
    assert len({row for _, row, _ in kinds}) == len(kinds) == 15
    for _, _, crops in kinds:
        assert (crops.shape, crops.dtype) == (faces.shape, np.uint8)
        assert (crops != faces).any()


def test_the_back_of_a_head_is_the_same_one_for_a_seed() -> None:
    assert (draw_back(seed=3, size=32) == draw_back(seed=3, size=32)).all()
    assert (draw_back(seed=3, size=32) != draw_back(seed=4, size=32)).any()
