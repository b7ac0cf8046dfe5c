import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.common.domain.errors import ItemError
from services.common.domain.limits import PhotoLimits
from services.imaging.tiles import crops_in, draw_tiles, draw_tiles_of, thumbnail_in
from tests.fixtures.photos import ORIENTATIONS, encode, encode_rotated, noise, quadrants

LIMITS = PhotoLimits()


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def marked(width: int, height: int, x: int, y: int, side: int) -> np.ndarray:
    """A gray picture with a red square."""
    rgb = np.full((height, width, 3), 128, np.uint8)
    rgb[y : y + side, x : x + side] = (250, 0, 0)
    return rgb


class TestDrawn:
    def test_are_a_thumbnail_and_a_square_around_each_face(self) -> None:
        rgb = marked(1200, 900, 300, 200, 300)
        boxes = [(300.0, 200.0, 300.0, 300.0), (900.0, 100.0, 60.0, 40.0)]
        tiles = draw_tiles(rgb, boxes)
        assert opened(thumbnail_in(tiles, boxes)).size == (320, 240)
        first, second = crops_in(tiles, boxes) or []
        assert (opened(first).size, opened(second).size) == ((160, 160), (84, 84))
        pixels = np.asarray(opened(first), int)
        # Of 160 pixels the face has 114: a fifth of its side lies around it.
        assert pixels[80, 80, 0] - pixels[80, 80, 1] > 200
        assert pixels[30, 80, 0] - pixels[30, 80, 1] > 200
        assert abs(pixels[15, 80, 0] - pixels[15, 80, 1]) < 40
        assert np.ptp(np.asarray(opened(second))) < 20

    def test_at_an_edge_are_moved_into_the_photo_and_none_is_enlarged(self) -> None:
        rgb = noise(100, 60)
        boxes = [(-20.0, 30.0, 50.0, 50.0), (0.0, 0.0, 100.0, 60.0), (99.0, 59.0, 0.2, 0.1)]
        tiles = draw_tiles(rgb, boxes)
        assert opened(thumbnail_in(tiles, boxes)).size == (100, 60)
        sizes = [opened(crop).size for crop in crops_in(tiles, boxes) or []]
        assert sizes == [(60, 60), (60, 60), (1, 1)]

    @settings(max_examples=30)
    @given(
        size=st.tuples(st.integers(20, 700), st.integers(20, 700)),
        boxes=st.lists(
            st.tuples(
                st.floats(-900, 900), st.floats(-900, 900), st.floats(0, 900), st.floats(0, 900)
            ),
            max_size=3,
        ),
        shrunk=st.sampled_from([1.0, 2.0, 3.99]),
    )
    def test_are_drawn_of_any_box(
        self,
        size: tuple[int, int],
        boxes: list[tuple[float, float, float, float]],
        shrunk: float,
    ) -> None:
        width, height = size
        tiles = draw_tiles(np.zeros((height, width, 3), np.uint8), boxes, shrunk=shrunk)
        crops = crops_in(tiles, boxes)
        assert crops is not None
        assert len(crops) == len(boxes)
        for crop in crops:
            wide, high = opened(crop).size
            assert 1 <= wide == high <= 160

    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    def test_of_a_file_are_upright_in_pixels_of_the_photo(self, orientation: int) -> None:
        """A JPEG is decoded at half its size for them: the boxes hold all the same."""
        photo = encode_rotated(quadrants(2400, 1200), orientation, "JPEG", quality=95)
        boxes = [(0.0, 40.0, 400.0, 350.0)]
        tiles = draw_tiles_of(photo, boxes, pixels=2400 * 1200, limits=LIMITS)
        assert opened(thumbnail_in(tiles, boxes)).size == (320, 160)
        [crop] = crops_in(tiles, boxes) or []
        corner = np.asarray(opened(crop), int)[8:150, 8:150]
        assert np.abs(corner - quadrants(8, 8)[0, 0]).max() < 30

    def test_of_a_blurred_photo_show_nobody(self) -> None:
        box = (100.0, 100.0, 200.0, 200.0)
        blurred = [(100.0, 100.0, 300.0, 300.0)]
        photo = encode(noise(400, 400))
        tiles = draw_tiles_of(photo, [box], pixels=160_000, limits=LIMITS, blurred=blurred)
        [crop] = crops_in(tiles, [box]) or []
        assert np.abs(np.diff(np.asarray(opened(crop), int), axis=0)).mean() < 3

    def test_of_an_unreadable_photo_are_an_item_error(self) -> None:
        with pytest.raises(ItemError):
            draw_tiles_of(b"no photo", [], pixels=1, limits=LIMITS)


class TestCutOut:
    BOXES = ((10.0, 10.0, 30.0, 30.0), (50.0, 10.0, 20.0, 20.0))

    def test_a_thumbnail_is_cut_out_of_the_beginning(self) -> None:
        tiles = draw_tiles(noise(400, 300), self.BOXES)
        whole = thumbnail_in(tiles, self.BOXES)
        assert whole is not None
        end = tiles.index(whole) + len(whole)
        assert thumbnail_in(tiles[:end], self.BOXES) == whole
        assert thumbnail_in(tiles[: end - 1], self.BOXES) is None
        assert crops_in(tiles[:-1], self.BOXES) is None

    def test_the_largest_thumbnail_with_the_most_faces_is_within_what_is_read_of_it(self) -> None:
        """The API reads no more of tiles for a thumbnail."""
        boxes = [(0.0, 0.0, 1.0, 1.0)] * LIMITS.faces_per_photo
        tiles = draw_tiles(noise(320, 320) // 128 * 255, boxes)
        assert thumbnail_in(tiles[:98_304], boxes) is not None

    def test_nothing_is_cut_out_of_tiles_of_other_faces(self) -> None:
        tiles = draw_tiles(noise(400, 300), self.BOXES)
        others = [self.BOXES[::-1], self.BOXES[:1], (), (*self.BOXES, self.BOXES[0])]
        for boxes in others:
            assert thumbnail_in(tiles, boxes) is None
            assert crops_in(tiles, boxes) is None

    @given(st.binary(max_size=60))
    def test_nothing_is_cut_out_of_what_are_no_tiles(self, data: bytes) -> None:
        assert thumbnail_in(data, self.BOXES) is None
        assert crops_in(data, self.BOXES) is None
        assert crops_in(data, ()) is None

    def test_boxes_are_the_same_after_the_way_through_json(self) -> None:
        """Postgres keeps all digits; of them single precision counts."""
        box = struct.unpack("<4f", struct.pack("<4f", 0.1, 1 / 3, 1e3 / 7, 2e3 / 7))
        tiles = draw_tiles(noise(400, 300), [box])
        assert thumbnail_in(tiles, [list(box)]) is not None
