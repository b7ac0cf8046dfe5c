import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hfer import NoPhotosError, PhotoFileError, TooManyPhotosError
from hfer._photos import Photo, find_photos, fit_one_request
from hfer.models import Limits

MakePhoto = Callable[..., Path]


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
        assert find_photos([path]) == [Photo(path, 4)]

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


class TestPhotoName:
    def test_is_without_folders(self) -> None:
        assert Photo(Path("/secret/place/a.jpg"), 1).name == "a.jpg"

    def test_replaces_bytes_that_are_not_utf8(self) -> None:
        path = Path(os.fsdecode(b"caf\xe9.jpg"))
        assert Photo(path, 1).name == "caf\ufffd.jpg"


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
            ("**/*.jpg", ["c.jpg", "d.jpg", "[x].jpg", "a.jpg"]),
            ("**", ["c.jpg", "d.jpg", "[x].jpg", "a.jpg", "b.png"]),
            ("20*", ["c.jpg", "d.jpg"]),
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
