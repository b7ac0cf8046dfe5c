from collections.abc import Mapping

import numpy as np
import pytest

from services.vision.detectors.boxes import Floats
from services.vision.detectors.priors import MEAN, STRIDES
from services.vision.detectors.search import propose, reductions
from services.vision.transforms import Pixels


class Spotter:
    """Takes every white pixel for a face of 16 px at its cell of 8."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def cells(self, pixels: Pixels) -> Mapping[int, Floats]:
        self.seen.append(pixels.shape)
        height, width = (side - 1 for side in pixels.shape[:2])
        grids = {
            stride: np.full((30, height // stride, width // stride), -9, np.float32)
            for stride in STRIDES
        }
        for y, x in np.argwhere((pixels == 255).all(axis=2)):
            grids[8][:, (y - 1) // 8, (x - 1) // 8] = 0
            grids[8][1, (y - 1) // 8, (x - 1) // 8] = -9
        return grids


def with_spot(height: int, width: int, *, x: int, y: int) -> Pixels:
    photo = np.zeros((height, width, 3), np.uint8)
    photo[y, x] = 255
    return photo


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_what_is_found_in_a_turned_photo_is_in_its_place(quarters: int) -> None:
    # Sides of whole cells: turned or not, the spot's cell is the same square.
    photo = with_spot(96, 160, x=133, y=21)
    boxes, _, points = propose(
        Spotter(), [photo], size=(160, 96), lowest_logit=-1, quarters=quarters
    )
    np.testing.assert_allclose(boxes, [[124, 12, 140, 28]])
    np.testing.assert_allclose(points, [[[132, 20]] * 5])


def test_a_reduced_photo_gives_places_of_the_photo() -> None:
    photo = with_spot(96, 160, x=133, y=21)
    boxes, _, _ = propose(Spotter(), [photo], size=(320, 192), lowest_logit=-1)
    np.testing.assert_allclose(boxes, [[248, 24, 280, 56]])


def test_a_large_picture_is_seen_in_tiles_and_nothing_twice() -> None:
    spotter = Spotter()
    photo = with_spot(40, 3000, x=1500, y=20)  # in the overlap of two tiles
    boxes, _, _ = propose(spotter, [photo], size=(3000, 40), lowest_logit=-1)
    assert [shape[1] for shape in spotter.seen] == [1537, 1537, 193]
    np.testing.assert_allclose(boxes, [[1492, 12, 1508, 28]])


def test_the_network_sees_a_border_of_the_mean_colour() -> None:
    class Keeper(Spotter):
        def cells(self, pixels: Pixels) -> Mapping[int, Floats]:
            self.pixels = pixels.copy()
            return super().cells(pixels)

    keeper = Keeper()
    propose(keeper, [np.zeros((30, 40, 3), np.uint8)], size=(40, 30), lowest_logit=-1)
    assert keeper.pixels.shape == (33, 65, 3)
    assert keeper.pixels[0, 5].tolist() == keeper.pixels[31, 5].tolist() == list(MEAN)
    assert not keeper.pixels[1:31, 1:41].any()


def test_what_is_seen_with_its_mirror_image_is_in_its_place_and_once() -> None:
    spotter = Spotter()
    photo = with_spot(96, 160, x=1, y=21)  # its mirror image is beyond the edge
    boxes, _, _ = propose(spotter, [photo], size=(160, 96), lowest_logit=-1, mirrored=True)
    assert spotter.seen == [(161, 225, 3)]
    np.testing.assert_allclose(boxes, [[-4, 12, 12, 28]])


def test_only_the_smallest_reduction_is_seen_with_its_mirror_image() -> None:
    spotter = Spotter()
    pictures: list[Pixels] = [np.zeros((side, side, 3), np.uint8) for side in (128, 32)]
    propose(spotter, pictures, size=(128, 128), lowest_logit=-1, mirrored=True)
    assert [shape[0] for shape in spotter.seen] == [129, 97]


def test_photos_that_one_look_does_not_cover_get_coarser_pictures() -> None:
    sides = [
        [max(picture.shape) for picture in reductions(np.zeros((10, side, 3), np.uint8), 0.5)]
        for side in (1000, 4000, 12000)
    ]
    assert sides == [[500], [2000, 500], [6000, 1500, 375]]
