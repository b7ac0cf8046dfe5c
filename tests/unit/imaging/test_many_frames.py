import io

import numpy as np
import pytest
from PIL import Image

from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo

FRAMES = 1000


def first_and_black(form: str) -> tuple[bytes, np.ndarray]:
    """A file whose first frame is noise and a thousand are black, and the first frame."""
    noise = np.random.default_rng(3).integers(0, 2, (64, 64), np.uint8) * 255
    first = Image.fromarray(noise).convert("RGB")
    blacks = (Image.new("RGB", (64, 64), (0, 0, number % 2)) for number in range(FRAMES))
    data = io.BytesIO()
    kind = {"lossless": True} if form == "WEBP" else {}
    first.save(data, form, save_all=True, append_images=blacks, **kind)
    return data.getvalue(), np.asarray(first)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_file_of_a_thousand_frames_is_its_first(form: str) -> None:
    data, first = first_and_black(form)
    photo = decode_photo(data, limits=PhotoLimits())
    assert photo.rgb.shape == first.shape
    # AVIF is lossy; a black frame differs by 127 on average.
    assert np.abs(photo.rgb.astype(int) - first).mean() < 16
