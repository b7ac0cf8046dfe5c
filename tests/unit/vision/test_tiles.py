import numpy as np
import pytest

from services.imaging.tiles import shrink_by_area
from services.vision.tiles import shrink_by_samples
from tests.fixtures.photos import quadrants


@pytest.mark.parametrize(
    ("size", "smaller"),
    [((4000, 3000), (320, 240)), ((500, 400), (320, 256)), ((3000, 300), (320, 32))],
)
def test_shrinks_as_pillow_does(size: tuple[int, int], smaller: tuple[int, int]) -> None:
    rows, columns = np.mgrid[: size[1], : size[0]]
    wave = 128 + 100 * np.sin(columns / size[0] * 20) * np.cos(rows / size[1] * 20)
    rgb = np.repeat(wave.astype(np.uint8)[..., None], 3, axis=2)
    ours, theirs = (
        shrink(rgb, smaller).astype(int) for shrink in (shrink_by_samples, shrink_by_area)
    )
    assert ours.shape == (smaller[1], smaller[0], 3)
    assert np.abs(ours - theirs).max() < 12
    assert np.abs(ours - theirs).mean() < 2


def test_takes_a_view_and_leaves_it_as_it_was() -> None:
    rgb = quadrants(1000, 1000)
    part = rgb[100:900, 200:900]
    part.flags.writeable = False
    shrunk = shrink_by_samples(part, (160, 160))
    assert tuple(shrunk[10, 10]) == (255, 0, 0)
    assert tuple(shrunk[150, 150]) == (255, 255, 255)
