"""Blurred faces: what is left of them, and that nothing else changes."""

import io
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.common.domain.limits import PhotoLimits
from services.imaging.blur import Corners, blur_faces, decode_blurred
from services.imaging.child_program.readers import open_readers
from services.imaging.child_program.tasks import Tasks
from tests.fixtures.photos import encode, noise

FACE: Corners = (200.0, 150.0, 300.0, 270.0)
# With a margin of a quarter of its longer side: 170..330 by 120..300.
INSIDE = (slice(120, 300), slice(170, 330))
LIMITS = PhotoLimits()
TASKS = Tasks(open_readers()[0])
FACE_DRAWN = {"face_index": 0, "box": [200, 150, 100, 120], "probabilities": [1.0] + [0.0] * 6}
PICTURES: dict[str, dict[str, Any]] = {
    "annotate": {"width": 640, "height": 480, "faces": [{**FACE_DRAWN, "uncertain": False}]},
    "scale": {"longest_side": 640},
    "number": {"width": 640, "pixels": 640 * 480, "boxes": [], "shades": []},
    "cut": {"pixels": 640 * 480, "box": None},
}


def colours(rgb: NDArray[np.uint8]) -> int:
    return len(np.unique(rgb.reshape(-1, 3).astype(int) @ (65_536, 256, 1)))


def made(do: str, blurred: list[Corners]) -> NDArray[np.uint8]:
    task = {"do": do, "limits": asdict(LIMITS), **PICTURES[do], "blurred": blurred}
    facts, parts = TASKS.run(task, encode(noise(640, 480)))
    data = b"".join(bytes(part) for part in parts)
    if facts:
        return np.frombuffer(data, np.uint8).reshape(facts["height"], facts["width"], 3)
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


class TestBlurredFaces:
    def test_are_a_few_cells_and_the_rest_is_as_it_was(self) -> None:
        rgb = noise(640, 480)
        blurred = blur_faces(rgb.copy(), [FACE])
        assert colours(blurred[INSIDE]) <= 16
        blurred[INSIDE] = rgb[INSIDE]
        assert np.array_equal(blurred, rgb)

    def test_of_two_people_with_the_same_averages_are_the_same(self) -> None:
        """Nothing but the averages is left, so nothing but they can be got back."""
        one = np.full((480, 640, 3), 100, np.uint8)
        other = one.copy()
        other[136:280, 176:320:2], other[136:280, 177:320:2] = 60, 140
        face: Corners = (200.0, 160.0, 296.0, 256.0)
        assert not np.array_equal(one, other)
        assert np.array_equal(blur_faces(one, [face]), blur_faces(other, [face]))

    @pytest.mark.parametrize("shrunk", [1.0, 2.0, 8.0])
    def test_lie_where_the_photo_has_them_however_small_it_was_decoded(self, shrunk: float) -> None:
        rgb = noise(round(640 / shrunk), round(480 / shrunk))
        left, top, right, bottom = (round(side / shrunk) for side in FACE)
        blurred = blur_faces(rgb.copy(), [FACE], shrunk=shrunk)
        assert colours(blurred[top:bottom, left:right]) <= 16
        assert colours(blurred) > 100

    @pytest.mark.parametrize(
        "face",
        [
            (-60.0, -60.0, 60.0, 60.0),
            (600.0, 440.0, 700.0, 560.0),
            (-500.0, -500.0, 2000.0, 2000.0),
        ],
    )
    def test_across_the_edge_get_no_finer_cells(self, face: Corners) -> None:
        rgb = noise(640, 480)
        left, top, right, bottom = (max(0, int(side)) for side in face)
        assert colours(blur_faces(rgb, [face])[top:bottom, left:right]) <= 9

    def test_may_lie_outside_and_may_be_a_point(self) -> None:
        rgb = noise(64, 48)
        outside, point = (900.0, 900.0, 950.0, 950.0), (9.0, 9.0, 9.0, 9.0)
        assert np.array_equal(blur_faces(rgb.copy(), [outside, point]), rgb)

    def test_are_blurred_on_pixels_that_may_not_be_written(self) -> None:
        rgb = noise(640, 480)
        rgb.flags.writeable = False
        before = rgb.copy()
        assert colours(blur_faces(rgb, [FACE])[INSIDE]) <= 16
        assert np.array_equal(rgb, before)

    def test_of_a_large_jpeg_are_blurred_at_the_size_it_is_decoded_to(self) -> None:
        photo = encode(noise(1280, 960), "JPEG", quality=95)
        decoded = decode_blurred(
            photo, [(400.0, 300.0, 600.0, 540.0)], limits=LIMITS, enough_pixels=640 * 480
        )
        assert decoded.shrunk == 2
        assert colours(decoded.rgb[INSIDE]) <= 16


class TestPictures:
    @pytest.mark.parametrize("do", PICTURES)
    def test_of_every_kind_show_blurred_faces_where_asked(self, do: str) -> None:
        plain, blurred = made(do, []), made(do, [FACE])
        # Off the frame and label that are drawn after it; JPEG adds a little to flat cells.
        middle = (slice(190, 240), slice(235, 270))
        assert plain[middle].std() > 30
        rows = blurred[middle].astype(float)
        steps = np.abs(np.diff(rows, axis=0)).mean() + np.abs(np.diff(rows, axis=1)).mean()
        assert steps < 4
        assert blurred[INSIDE].shape == plain[INSIDE].shape
        far = (slice(350, 480), slice(400, 640))
        assert np.abs(plain[far].astype(int) - blurred[far]).max() <= 2

    @pytest.mark.parametrize("do", PICTURES)
    def test_of_no_kind_are_made_without_a_word_on_blurring(self, do: str) -> None:
        task = {"do": do, "limits": asdict(LIMITS), **PICTURES[do]}
        with pytest.raises(KeyError, match="blurred"):
            TASKS.run(task, encode(noise(64, 48)))
