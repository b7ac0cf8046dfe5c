import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hfer import (
    NoPhotosError,
    PhotoFileError,
    Skipped,
    SkippedError,
    SkipReason,
    TooManyPhotosError,
)
from hfer._names import shared_folder
from hfer._photos import Photo, find_photos, fit_one_request, readable, report_skipped
from hfer.models import Limits

JPEG = b"\xff\xd8\xff"
MakePhoto = Callable[..., Path]


def names(paths: list[Path] | list[str]) -> list[str]:
    return [photo.name for photo in find_photos(paths)]


class TestFindPhotos:
    def test_walks_folders_in_sorted_order(self, tmp_path: Path, make_photo: MakePhoto) -> None:
        for name in ("b/2.PNG", "b/10.jpg", "a.webp", "c.tif", "b/sub/0.jpeg", "d.jfif", "e.HEIC"):
            make_photo(name)
        found = [photo.path.relative_to(tmp_path).as_posix() for photo in find_photos([tmp_path])]
        assert found == [
            "a.webp",
            "c.tif",
            "d.jfif",
            "e.HEIC",
            "b/10.jpg",
            "b/2.PNG",
            "b/sub/0.jpeg",
        ]

    def test_leaves_out_other_files_and_hidden_ones_in_folders(
        self, tmp_path: Path, make_photo: MakePhoto
    ) -> None:
        for name in ("a.jpg", "._a.jpg", "notes.txt", ".cache/b.jpg"):
            make_photo(name)
        assert [photo.name for photo in find_photos([tmp_path])] == ["a.jpg"]

    def test_takes_a_named_file_whatever_it_is_called(self, make_photo: MakePhoto) -> None:
        path = make_photo("photo.heic", b"1234")
        assert find_photos([path]) == [Photo(path, 4, "photo.heic")]

    def test_keeps_the_order_of_the_paths(self, make_photo: MakePhoto) -> None:
        second, first = make_photo("a.jpg"), make_photo("b.jpg")
        assert [photo.path for photo in find_photos([first, second])] == [first, second]

    def test_does_not_follow_links_to_folders(self, tmp_path: Path, make_photo: MakePhoto) -> None:
        make_photo("in/a.jpg")
        (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
        assert len(find_photos([tmp_path / "in"])) == 1

    def test_refuses_a_missing_path(self, tmp_path: Path) -> None:
        with pytest.raises(PhotoFileError, match="No such file"):
            find_photos([tmp_path / "gone.jpg"])

    def test_refuses_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(PhotoFileError, match="no regular file"):
            find_photos([tmp_path / "pipe.jpg"])

    def test_refuses_a_folder_without_photos(self, tmp_path: Path) -> None:
        with pytest.raises(NoPhotosError, match=tmp_path.name):
            find_photos([tmp_path])

    def test_refuses_no_path_at_all(self) -> None:
        with pytest.raises(NoPhotosError, match="no path given"):
            find_photos([])


class TestNames:
    def test_are_paths_below_the_folder(self, tmp_path: Path, make_photo: MakePhoto) -> None:
        for name in ("set/cam1/IMG_1.jpg", "set/cam2/IMG_1.jpg", "set/IMG_1.jpg"):
            make_photo(name)
        assert names([tmp_path / "set"]) == ["IMG_1.jpg", "cam1/IMG_1.jpg", "cam2/IMG_1.jpg"]

    def test_of_several_sources_begin_below_the_folder_they_share(
        self, tmp_path: Path, make_photo: MakePhoto
    ) -> None:
        first, second = make_photo("cam1/IMG_1.jpg"), make_photo("cam2/IMG_1.jpg")
        told_apart = ["cam1/IMG_1.jpg", "cam2/IMG_1.jpg"]
        assert names([first, second]) == told_apart
        assert names([tmp_path / "cam1", tmp_path / "cam2"]) == told_apart
        assert names([tmp_path / "cam*/IMG_1.jpg"]) == told_apart
        assert names([tmp_path / "cam*"]) == told_apart

    def test_do_not_depend_on_where_the_program_runs(
        self, tmp_path: Path, make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_photo("set/cam1/a.jpg")
        monkeypatch.chdir(tmp_path / "set" / "cam1")
        assert names([".."]) == ["cam1/a.jpg"]
        assert names(["a.jpg"]) == names(["./a.jpg"]) == ["a.jpg"]

    def test_of_one_file_are_its_own(self, make_photo: MakePhoto) -> None:
        assert names([make_photo("secret/place/a.jpg")]) == ["a.jpg"]
        assert Photo(Path("/secret/place/a.jpg"), 1).name == "a.jpg"

    def test_of_what_shares_but_the_root_are_told_apart_by_their_folders(self) -> None:
        assert shared_folder([Path("/a/cam1"), Path("/b/cam2")]) is None
        assert shared_folder([Path("/a/cam1"), Path("/a/cam2")]) == Path("/a")

    def test_replace_bytes_that_are_not_utf8(self) -> None:
        path = Path(os.fsdecode(b"caf\xe9.jpg"))
        assert Photo(path, 1).name == "caf\ufffd.jpg"

    def test_are_sorted_files_first_whatever_form_they_are_in(
        self, tmp_path: Path, make_photo: MakePhoto
    ) -> None:
        for name in ("e\u0301/1.jpg", "f/1.jpg", "\u00ea/1.jpg", "z.jpg"):
            make_photo(name)
        assert names([tmp_path]) == ["z.jpg", "f/1.jpg", "\u00e9/1.jpg", "\u00ea/1.jpg"]


class TestContent:
    def found(self, folder: Path) -> tuple[list[str], dict[str, SkipReason]]:
        skipped: list[Skipped] = []
        photos = find_photos([folder], on_skip=skipped.append)
        formats = ("JPEG", "PNG", "BMP")
        left = [photo.name for photo in readable(photos, formats, on_skip=skipped.append)]
        return left, {file.path: file.reason for file in skipped}

    def test_decides_what_is_sent_and_the_rest_is_told(
        self, tmp_path: Path, make_photo: MakePhoto
    ) -> None:
        files = {
            "a.jpg": JPEG,
            "b.jfif": JPEG,
            "c.txt": JPEG,
            "no_ending": b"\x89PNG\r\n\x1a\n",
            "broken.jpg": b"not a photo",
            "phone.jpg": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "shot.nef": b"MM\0*",
            "shot.cr3": b"\0\0\0\x18ftypcrx ",
            "a.jpg.json": b"{}",
            "BMW.txt": b"BMW is a car.",
            "clip.mp4": b"\0\0\0\x18ftypisom",
            "essay.docx": b"PK\x03\x04",
            "more.zip": b"PK\x03\x04",
            ".DS_Store": b"x",
            "._a.jpg": JPEG,
        }
        for name, content in files.items():
            make_photo(name, content)
        sent, left_out = self.found(tmp_path)
        assert sent == ["a.jpg", "b.jfif", "broken.jpg", "c.txt", "no_ending"]
        side = ["a.jpg.json", "BMW.txt", "clip.mp4", "essay.docx", ".DS_Store", "._a.jpg"]
        assert left_out == {
            **dict.fromkeys(["phone.jpg", "shot.nef", "shot.cr3"], SkipReason.FORMAT),
            **dict.fromkeys(side, SkipReason.SIDE_FILE),
            "more.zip": SkipReason.ARCHIVE,
        }

    def test_one_file_that_cannot_be_read_stops_no_other(
        self, tmp_path: Path, make_photo: MakePhoto
    ) -> None:
        make_photo("a.jpg")
        (tmp_path / "dead.jpg").symlink_to(tmp_path / "nowhere.jpg")
        os.mkfifo(tmp_path / "pipe.jpg")
        assert self.found(tmp_path) == (
            ["a.jpg"],
            {"dead.jpg": SkipReason.DEAD_LINK, "pipe.jpg": SkipReason.UNREADABLE},
        )

    def test_a_dead_link_that_is_named_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "dead.jpg").symlink_to(tmp_path / "nowhere.jpg")
        with pytest.raises(PhotoFileError, match=r"dead\.jpg"):
            find_photos([tmp_path / "dead.jpg"])

    def test_a_service_that_names_no_formats_is_sent_all_but_raw(
        self, make_photo: MakePhoto
    ) -> None:
        make_photo("set/a.jpg", JPEG)
        photos = find_photos([make_photo("set/b.nef", b"MM\0*").parent])
        assert [photo.name for photo in readable(photos, (), on_skip=lambda _: None)] == ["a.jpg"]

    def test_a_folder_without_photos_says_what_is_in_it(
        self, tmp_path: Path, make_photo: MakePhoto
    ) -> None:
        make_photo("a.json", b"{}")
        with pytest.raises(
            NoPhotosError, match=r"Passed over 1 file that is no photo \(1 \.json\)"
        ):
            find_photos([tmp_path])


class TestReportSkipped:
    SIDE = Skipped("a.json", SkipReason.SIDE_FILE, "no photo")
    DEAD = Skipped("dead.jpg", SkipReason.DEAD_LINK, "a link to nothing")

    def test_strict_refuses_all_but_side_files(self) -> None:
        with pytest.raises(SkippedError, match=r"dead\.jpg\. Nothing was sent") as caught:
            report_skipped([self.SIDE, self.DEAD], None, strict=True, left=1)
        assert caught.value.skipped == (self.DEAD,)
        report_skipped([self.SIDE], None, strict=True, left=1)

    def test_nothing_left_is_no_photo(self) -> None:
        with pytest.raises(NoPhotosError, match=r"dead\.jpg"):
            report_skipped([self.DEAD], None, strict=False, left=0)

    def test_nobody_listening_is_warned_by_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        report_skipped([self.DEAD] * 5, None, strict=False, left=1)
        assert caplog.messages == [
            "Passed over 5 files, a link to nothing: dead.jpg, dead.jpg, dead.jpg and 2 more."
        ]


class TestFitOneRequest:
    def test_takes_exactly_the_limit(self) -> None:
        limits = Limits(request_files=2, request_bytes=10)
        assert fit_one_request([Photo(Path("a"), 5)] * 2, limits)

    def test_more_photos_or_bytes_go_by_url(self) -> None:
        limits = Limits(request_files=2, request_bytes=10, declare_files=1_000)
        assert not fit_one_request([Photo(Path("a"), 1)] * 3, limits)
        assert not fit_one_request([Photo(Path("a"), 11)], limits)

    def test_refuses_what_an_older_service_does_not_take(self) -> None:
        with pytest.raises(TooManyPhotosError, match="2,001 photos"):
            fit_one_request([Photo(Path("a"), 5)] * 2_001, Limits())
        with pytest.raises(TooManyPhotosError, match="several jobs"):
            fit_one_request([Photo(Path("a"), 11)], Limits(request_bytes=10))

    def test_refuses_more_than_a_job_takes(self) -> None:
        limits = Limits(request_files=2, declare_files=1_000, job_photos=4)
        with pytest.raises(TooManyPhotosError, match="5 photos"):
            fit_one_request([Photo(Path("a"), 1)] * 5, limits)


class TestPatterns:
    @pytest.fixture(autouse=True)
    def _tree(self, tmp_path: Path) -> None:
        for name in ("a.jpg", "b.png", "notes.txt", "2024/c.jpg", "2024/deep/d.jpg", "[x].jpg"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"x")

    @pytest.mark.parametrize(
        ("pattern", "names"),
        [
            ("*.jpg", ["[x].jpg", "a.jpg"]),
            ("**/*.jpg", ["2024/c.jpg", "2024/deep/d.jpg", "[x].jpg", "a.jpg"]),
            ("**", ["2024/c.jpg", "2024/deep/d.jpg", "[x].jpg", "a.jpg", "b.png"]),
            ("20*", ["2024/c.jpg", "2024/deep/d.jpg"]),
            ("[x].jpg", ["[x].jpg"]),
        ],
    )
    def test_name_photos_and_folders_each_photo_once(
        self, tmp_path: Path, pattern: str, names: list[str]
    ) -> None:
        assert [photo.name for photo in find_photos([tmp_path / pattern])] == names

    def test_that_match_nothing_are_no_photos(self, tmp_path: Path) -> None:
        with pytest.raises(NoPhotosError, match=r"\*\.gif"):
            find_photos([str(tmp_path / "*.gif")])
