"""Every photo has to be answered, and no two copies of a sample are one photo."""

from pathlib import Path

import pytest
from PIL import Image

from scripts.compose_check.rows import CheckError
from scripts.compose_check.service import check_answered, write_copies

GOOD, BAD = '{"status": "succeeded"}', '{"status": "failed", "error": {"code": "empty"}}'


def test_each_with_a_result_is_well() -> None:
    check_answered({"a.jpg": GOOD, "b.jpg": GOOD}, ["a.jpg", "b.jpg"])


@pytest.mark.parametrize(
    ("results", "fault"),
    [
        ({"a.jpg": GOOD}, r"1 photos without a result: \['b.jpg'\]"),
        ({"a.jpg": GOOD, "b.jpg": BAD}, "1 photos failed: .*empty"),
    ],
)
def test_one_without_is_named(results: dict[str, str], fault: str) -> None:
    with pytest.raises(CheckError, match=fault):
        check_answered(results, ["a.jpg", "b.jpg"])


def test_copies_are_photos_of_their_own(tmp_path: Path) -> None:
    sample = tmp_path / "sample.jpg"
    Image.new("RGB", (8, 8), "red").save(sample)
    paths = write_copies(tmp_path / "copies", [sample], count=3)
    assert len({path.read_bytes() for path in paths}) == 3
    for path in paths:
        with Image.open(path) as image:
            assert image.size == (8, 8)
            image.load()
