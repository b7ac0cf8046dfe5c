"""Which saved photo is which photo of the job."""

import hashlib
from pathlib import Path

import pytest

from hfer.comparison import SavedPhoto
from hfer.comparison.photos import NAMELESS, NOT_IN_JOB, SEVERAL, TAKEN, checksums, pair_photos
from hfer.errors import SavedFileError
from hfer.models import PhotoResult


def job(*names: str) -> list[PhotoResult]:
    return [PhotoResult(filename=name, content_sha256=f"sha-{name}") for name in names]


def pair(saved: list[SavedPhoto], results: list[PhotoResult]) -> dict[int, int]:
    return pair_photos(saved, results, {})[0]


class TestNames:
    @pytest.mark.parametrize(
        ("saved", "ours"),
        [
            ("a.jpg", "a.jpg"),
            ("a.jpg", "photos/cam1/a.jpg"),
            ("/home/ada/photos/cam1/a.jpg", "cam1/a.jpg"),
            ("C:\\photos\\cam1\\a.jpg", "cam1/a.jpg"),
            ("https://host/photos/a%20b.jpg?sig=1", "a b.jpg"),
            ("IMG_1", "IMG_1.JPG"),
            ("IMG.1", "IMG.1.jpg"),
        ],
    )
    def test_one_fits(self, saved: str, ours: str) -> None:
        assert pair([SavedPhoto(saved)], job("z.jpg", ours)) == {0: 1}

    def test_the_folder_tells_two_of_one_name_apart(self) -> None:
        results = job("p/cam1/a.jpg", "p/cam2/a.jpg")
        assert pair([SavedPhoto("cam2/a.jpg"), SavedPhoto("cam1/a.jpg")], results) == {0: 1, 1: 0}

    def test_a_part_of_a_name_is_no_name(self) -> None:
        assert pair([SavedPhoto("a.jpg")], job("ba.jpg", "a.png")) == {}

    def test_the_whole_name_comes_first(self) -> None:
        results = job("cam1/a.jpg", "a.jpg")
        assert pair([SavedPhoto("a.jpg"), SavedPhoto("x/cam1/a.jpg")], results) == {0: 1, 1: 0}

    def test_what_was_sent_as_a_url_is_known_by_it(self) -> None:
        results = [PhotoResult(filename="1.jpg", source_url="https://h/x/1.jpg?size=2")]
        assert pair([SavedPhoto("https://h/x/1.jpg?size=2")], results) == {0: 0}


class TestReasons:
    @pytest.mark.parametrize(
        ("saved", "reason"),
        [
            (SavedPhoto("no.jpg"), NOT_IN_JOB),
            (SavedPhoto(""), NAMELESS),
            (SavedPhoto("a.jpg"), SEVERAL),
            (SavedPhoto("b.jpg", problem="it is a video"), "it is a video"),
        ],
    )
    def test_why_a_photo_has_no_partner(self, saved: SavedPhoto, reason: str) -> None:
        pairs, reasons = pair_photos([saved], job("x/a.jpg", "y/a.jpg", "b.jpg"), {})
        assert (pairs, reasons) == ({}, {0: reason})

    def test_the_second_entry_of_a_photo(self) -> None:
        pairs, reasons = pair_photos([SavedPhoto("a.jpg"), SavedPhoto("a.jpg")], job("a.jpg"), {})
        assert (pairs, reasons) == ({0: 0}, {1: TAKEN})


class TestBytes:
    def test_equal_bytes_count_before_names(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "renamed.jpg").write_bytes(b"pixels")
        sha256 = hashlib.sha256(b"pixels").hexdigest()
        md5 = hashlib.md5(b"pixels", usedforsecurity=False).hexdigest()
        results = [PhotoResult(filename="old.jpg"), PhotoResult(content_sha256=sha256)]
        known = checksums(tmp_path)
        assert known == {md5: sha256}
        assert pair_photos([SavedPhoto("old.jpg", md5=md5)], results, known) == ({0: 1}, {})

    def test_a_folder_that_is_none_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SavedFileError, match="is no folder"):
            checksums(tmp_path / "none")
