import random

import pytest

from scripts.fuzz_readers import fuzz, mutated

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "JP2", "AVIF", "HEIC")


@pytest.mark.parametrize("form", FORMATS)
def test_every_fault_of_a_file_is_a_photo_or_a_typed_error(form: str) -> None:
    assert fuzz(form, count=300, seed=0) is None


def test_a_mutation_can_be_made_again() -> None:
    data = bytes(range(256))
    again = [mutated(data, random.Random("0 JPEG 7")) for _ in range(2)]
    assert again[0] == again[1] != data
