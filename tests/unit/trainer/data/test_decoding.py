import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.trainer.data.decoding import decode_face, source_sha256
from services.trainer.data.layouts import Sample
from services.trainer.errors import DataLayoutError
from services.vision.transforms import InputSpec
from tests.fixtures.photos import noise

SPEC = InputSpec(size=48, channels=3, crop_margin=0.0, mean=(0,) * 3, std=(1,) * 3)


class TestDecodeFace:
    def test_gives_an_image_of_the_models_size_pixel_by_pixel(self) -> None:
        image, buffer = noise(48, 48), io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        assert np.array_equal(decode_face(buffer.getvalue(), path="a.png", spec=SPEC), image)

    def test_names_the_file_that_cannot_be_decoded(self) -> None:
        with pytest.raises(DataLayoutError, match=r"^happy/a\.png: .* Remove or replace it\.$"):
            decode_face(b"no picture", path="happy/a.png", spec=SPEC)


class TestSourceSha256:
    def test_of_an_archive_is_its_own(self, tmp_path: Path) -> None:
        archive = tmp_path / "faces.zip"
        archive.write_bytes(b"zip")
        assert source_sha256(archive, [], []) == hashlib.sha256(b"zip").hexdigest()

    def test_of_a_folder_is_that_of_what_sha256sum_prints(self, tmp_path: Path) -> None:
        samples = [Sample(path, label=0, split=None) for path in ("happy/a.png", "happy/b.png")]
        listing = f"{'1' * 64}  happy/a.png\n{'2' * 64}  happy/b.png\n"
        expected = hashlib.sha256(listing.encode()).hexdigest()
        assert source_sha256(tmp_path, samples, ["1" * 64, "2" * 64]) == expected
