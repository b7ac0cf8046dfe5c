"""What drawing may take: a picture that is analysed is drawn as well."""

import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from PIL import Image

from services.api.drawing.photo import drawing_budget
from services.common.domain.limits import PhotoLimits
from services.imaging.child_pool.pool import ChildPool

# Large enough for the bytes of each pixel to count more than what every picture may take.
BLURRED = {"blurred": []}
SIDE = 4_400
KINDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "lossless": ("RGB", "gray", {"lossless": True, "method": 0}),
    "lossy": ("RGB", "gray", {"method": 0}),
    "alpha": ("RGBA", (9, 99, 200, 99), {"method": 0}),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool]:
    with ChildPool(1, output_bytes=1_000_000) as made:
        yield made


def test_a_large_picture_is_annotated(pool: ChildPool) -> None:
    side = 8_000
    buffer = io.BytesIO()
    Image.new("P", (side, side)).save(buffer, "GIF")
    task = {
        "do": "annotate",
        "width": side,
        "height": side,
        "faces": [],
        "blurred": [[0, 0, side, side]],
        "limits": asdict(PhotoLimits()),
    }
    made = pool.run(task, [buffer.getvalue()], drawing_budget(side * side, limits=PhotoLimits()))
    with Image.open(io.BytesIO(made.read())) as picture:
        assert picture.size == (4_000, 4_000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_webp_is_drawn(pool: ChildPool, kind: str) -> None:
    mode, colour, options = KINDS[kind]
    buffer = io.BytesIO()
    Image.new(mode, (SIDE, SIDE), colour).save(buffer, "WEBP", **options)
    limits = PhotoLimits()
    task = {"do": "scale", "longest_side": 200, "limits": asdict(limits)} | BLURRED
    made = pool.run(task, [buffer.getvalue()], drawing_budget(SIDE * SIDE, limits=limits))
    with Image.open(io.BytesIO(made.read())) as picture:
        assert picture.size == (200, 200)


@pytest.mark.parametrize("megabytes", [39, 90])
def test_a_small_first_page_of_a_large_file_is_drawn(pool: ChildPool, megabytes: int) -> None:
    limits = PhotoLimits(photo_bytes=(megabytes + 1) * 1_000_000)
    buffer = io.BytesIO()
    Image.new("RGB", (200, 200), "gray").save(buffer, "TIFF")
    file = buffer.getvalue() + bytes(megabytes * 1_000_000)
    task = {"do": "scale", "longest_side": 100, "limits": asdict(limits)} | BLURRED
    made = pool.run(task, [file], drawing_budget(200 * 200, limits=limits))
    with Image.open(io.BytesIO(made.read())) as picture:
        assert picture.size == (100, 100)
