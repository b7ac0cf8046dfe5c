import numpy as np
import pytest

from services.vision.detectors.priors import STRIDES, decode


def cells(stride: int, shape: tuple[int, int]) -> dict[int, np.ndarray]:
    """Grids on which nothing is a face, the one of ``stride`` of that shape."""
    empty = {each: np.full((30, 1, 1), -9, np.float32) for each in STRIDES}
    return empty | {stride: np.full((30, *shape), -9, np.float32)}


@pytest.mark.parametrize(("number", "side"), [(0, 64), (1, 128)])
def test_an_uncorrected_prior_is_a_square_about_its_cell(number: int, side: int) -> None:
    grids = cells(16, (2, 3))
    grids[16][:, 1, 2] = 0
    grids[16][1 - number, 1, 2] = -9
    boxes, logits, points = decode(grids, -1.0)
    half = side / 2
    np.testing.assert_allclose(boxes, [[40 - half, 24 - half, 40 + half, 24 + half]])
    np.testing.assert_allclose(logits, [0])
    np.testing.assert_allclose(points, [[[40, 24]] * 5])


def test_the_second_logit_of_small_faces_counts_where_it_is_surer() -> None:
    grids = cells(8, (1, 2)) | {8: np.full((31, 1, 2), -9, np.float32)}
    grids[8][2:] = 0
    grids[8][0], grids[8][30] = [[-3, -6]], [[-5, -2]]
    boxes, logits, _ = decode(grids, -4.0)
    np.testing.assert_allclose(logits, [-3, -2])
    np.testing.assert_allclose((boxes[:, 0] + boxes[:, 2]) / 2, [4, 12])


def test_corrections_move_and_scale_it() -> None:
    grids = cells(8, (1, 1))
    grids[8][0] = 2
    grids[8][2:6, 0, 0] = [10, -5, np.log(2) / 0.2, 0]
    grids[8][10:20, 0, 0] = [1, 2] * 5
    boxes, logits, points = decode(grids, -1.0)
    np.testing.assert_allclose(boxes, [[20 - 16, -4 - 8, 20 + 16, -4 + 8]], rtol=1e-5)
    np.testing.assert_allclose(logits, [2])
    np.testing.assert_allclose(points, [[[4 + 1.6, 4 + 3.2]] * 5], rtol=1e-5)


def test_nothing_above_the_threshold_is_nothing() -> None:
    boxes, logits, points = decode(cells(8, (4, 4)), -1.0)
    assert boxes.shape == (0, 4)
    assert logits.shape == (0,)
    assert points.shape == (0, 5, 2)
