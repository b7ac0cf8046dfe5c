"""Archives: whole while they are small, photo by photo when one request would not take them."""

import hashlib
import io
import json
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hfer import ArchiveFileError, Client, NoPhotosError, PhotoFileError, TooManyPhotosError
from hfer._archives import Archives
from hfer._photos import find_photos
from hfer.models import Limits
from hfer.skipped import Skipped
from tests.fixtures.archives import zip_named, zip_of
from tests.fixtures.fake_service import JOB, FakeService

PHOTOS = {f"album/{number}.jpg": b"photo %d" % number * 50 for number in range(5)}
NOISE = {"__MACOSX/._0.jpg": b"x", "album/.hidden.jpg": b"x", "album/Thumbs.db": b"x"}
SMALL = Limits(request_files=2, declare_files=2)


def write_zip(path: Path, files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.mkdir("album")
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], *, packing: str = "") -> Path:
    with tarfile.open(path, f"w:{packing}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("album/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


LARGE = Limits(request_bytes=1, declare_files=10)


def names_in(path: Path) -> list[str]:
    with Archives() as archives:
        return [p.name for p in archives.unpack_large(find_photos([path]), limits=LARGE)]


def digests(contents: list[bytes]) -> set[str]:
    return {hashlib.sha256(content).hexdigest() for content in contents}


@pytest.fixture(params=["zip", "stored", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def album(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same five photos, and what systems leave beside them, in every kind of archive."""
    files, kind = PHOTOS | NOISE, request.param
    if kind == "zip":
        return write_zip(tmp_path / "album.zip", files)
    if kind == "stored":
        return write_zip(tmp_path / "album.zip", files, method=zipfile.ZIP_STORED)
    return write_tar(tmp_path / f"album.{kind}", files, packing=kind[4:])


@pytest.fixture
def small_requests(service: FakeService) -> None:
    service.limits = {"request_files": 2, "declare_files": 2}


class TestLarge:
    @pytest.mark.usefixtures("small_requests")
    def test_each_photo_goes_into_the_bucket(
        self, client: Client, service: FakeService, album: Path
    ) -> None:
        assert client.submit(album).id == JOB
        assert set(service.stored) == digests([*PHOTOS.values()])
        assert set(service.stored.values()) == set(PHOTOS.values())
        *pages, _ = (json.loads(request.content) for request in service.sent("POST"))
        files = [file for page in pages for file in page["files"]]
        assert [file["filename"] for file in files] == [*PHOTOS]
        assert [file["client_ref"] for file in files] == [*PHOTOS]

    @pytest.mark.usefixtures("small_requests")
    def test_together_with_files_in_the_order_given(
        self,
        client: Client,
        service: FakeService,
        tmp_path: Path,
        make_photo: Callable[..., Path],
    ) -> None:
        album = write_zip(tmp_path / "a.zip", {"1.jpg": b"1", "2.jpg": b"2"})
        client.submit(make_photo("first.jpg"), album, make_photo("last.jpg"))
        *pages, _ = (json.loads(request.content) for request in service.sent("POST"))
        names = [file["filename"] for page in pages for file in page["files"]]
        assert names == ["first.jpg", "1.jpg", "2.jpg", "last.jpg"]

    def test_what_unpacks_to_more_than_a_request_takes_is_large(self, tmp_path: Path) -> None:
        album = write_zip(tmp_path / "a.zip", {"black.bmp": bytes(200_000)})
        files = find_photos([album])
        limits = Limits(request_bytes=100_000, declare_files=10)
        assert files[0].size < 1_000
        with Archives() as archives:
            (photo,) = archives.unpack_large(files, limits=limits)
            assert (photo.name, photo.size) == ("black.bmp", 200_000)

    def test_memory_stays_flat(self, tmp_path: Path) -> None:
        entry = 30_000_000
        album = write_zip(tmp_path / "a.zip", {"1.bmp": bytes(entry), "2.bmp": bytes(entry)})
        with Archives() as archives:
            limits = Limits(request_files=1, declare_files=10)
            photos = archives.unpack_large(find_photos([album]), limits=limits)
            tracemalloc.start()
            for photo in photos:
                assert sum(len(block) for block in photo.blocks(fault=PhotoFileError)) == entry
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 3_000_000

    def test_names_are_what_their_packer_wrote(self, tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(zip_named("Zoë 東京.jpg".encode(), b"x"))
        assert names_in(tmp_path / "a.zip") == ["Zoë 東京.jpg"]

    def test_a_folder_as_dot_net_writes_it_is_no_photo(self, tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(zip_of({"album\\": b"", "album\\a.jpg": b"x"}))
        assert names_in(tmp_path / "a.zip") == ["album/a.jpg"]

    def test_a_hard_link_of_a_tar_has_the_bytes_it_links_to(self, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "a.tar", "w") as writer:
            info = tarfile.TarInfo("a.jpg")
            info.size = 5
            writer.addfile(info, io.BytesIO(b"bytes"))
            link = tarfile.TarInfo("b/c.jpg")
            link.type, link.linkname = tarfile.LNKTYPE, "a.jpg"
            writer.addfile(link)
        with Archives() as archives:
            photos = archives.unpack_large(find_photos([tmp_path / "a.tar"]), limits=LARGE)
            assert [photo.name for photo in photos] == ["a.jpg", "b/c.jpg"]
            assert [b"".join(p.blocks(fault=PhotoFileError)) for p in photos] == [b"bytes"] * 2

    @pytest.mark.parametrize("limits", [Limits(declare_files=10), Limits(1, 1, declare_files=10)])
    def test_tells_what_is_passed_over_whoever_unpacks(
        self, tmp_path: Path, limits: Limits
    ) -> None:
        files = {
            "t/a.jpg": b"x",
            "t/a.jpg.json": b"{}",
            "t/no_ending": b"\xff\xd8\xff",
            ".DS_Store": b"",
        }
        skipped: list[Skipped] = []
        with Archives() as archives:
            found = find_photos([write_zip(tmp_path / "a.zip", files)])
            archives.unpack_large(found, limits=limits, on_skip=skipped.append)
        assert [file.path for file in skipped] == ["t/a.jpg.json", ".DS_Store"]
        assert not any(file.may_be_photo for file in skipped)

    def test_too_many_photos_for_one_job(self, tmp_path: Path) -> None:
        album = write_zip(tmp_path / "a.zip", PHOTOS)
        limits = Limits(request_files=2, declare_files=2, job_photos=4)
        with Archives() as archives, pytest.raises(TooManyPhotosError, match="several jobs"):
            archives.unpack_large(find_photos([album]), limits=limits)

    def test_with_the_bucket_out_of_reach_they_go_through_the_service(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        service.limits = {"request_files": 900, "declare_files": 900}
        service.bucket_upsets.extend(httpx.ConnectError("refused") for _ in range(1_000))
        many = {f"{number}.jpg": b"%d" % number for number in range(200)}
        client.submit(write_zip(tmp_path / "a.zip", many))
        assert service.sent("POST", "/v1/jobs")[0].content.count(b'name="files"') == 200

    def test_no_photo_at_all(self, tmp_path: Path) -> None:
        album = write_zip(tmp_path / "a.zip", NOISE)
        limits = Limits(request_bytes=1, declare_files=2)
        with Archives() as archives, pytest.raises(NoPhotosError, match=r"a\.zip"):
            archives.unpack_large(find_photos([album]), limits=limits)

    def test_nothing_is_left_on_disk(
        self, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = tmp_path / "room"
        room.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(room))
        with Archives() as archives:
            archives.unpack_large(find_photos([album]), limits=SMALL)
        assert list(room.iterdir()) == []


class TestSmall:
    def test_goes_to_the_service_as_it_is(
        self, client: Client, service: FakeService, album: Path
    ) -> None:
        service.limits = {"declare_files": 1_000}
        client.submit(album)
        (request,) = service.sent("POST")
        assert request.url.path == "/v1/jobs"
        assert album.read_bytes() in request.content

    def test_on_a_service_that_knows_no_uploads(
        self, client: Client, service: FakeService, album: Path
    ) -> None:
        client.submit(album)
        assert album.read_bytes() in service.sent("POST", "/v1/jobs")[0].content

    def test_what_is_wrong_with_it_the_service_says(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        service.limits = {"declare_files": 1_000}
        broken = tmp_path / "a.zip"
        broken.write_bytes(b"PK\x03\x04 and nothing else")
        client.submit(broken)
        assert broken.read_bytes() in service.sent("POST", "/v1/jobs")[0].content


def broken_zip(path: Path) -> Path:
    path.write_bytes(b"PK\x03\x04 and nothing else")
    return path


def foreign_zip(path: Path) -> Path:
    return write_zip(path, PHOTOS, method=zipfile.ZIP_BZIP2)


def locked_zip(path: Path) -> Path:
    data = bytearray(write_zip(path, PHOTOS).read_bytes())
    # The flags of the last entry in the directory at the end.
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


def broken_tar(path: Path) -> Path:
    whole = write_tar(path, PHOTOS, packing="gz").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


class TestUnreadable:
    @pytest.mark.parametrize(
        ("make", "why"),
        [
            (broken_zip, "damaged"),
            (foreign_zip, "another method than deflate"),
            (locked_zip, "password"),
            (broken_tar, "damaged"),
        ],
    )
    def test_says_why_and_what_to_do(
        self, tmp_path: Path, make: Callable[[Path], Path], why: str
    ) -> None:
        files = find_photos([make(tmp_path / "album")])
        limits = Limits(request_bytes=1, declare_files=2)
        with Archives() as archives, pytest.raises(ArchiveFileError, match=why) as caught:
            archives.unpack_large(files, limits=limits)
        assert "submit the folder" in str(caught.value)

    @pytest.mark.usefixtures("small_requests")
    def test_a_damaged_photo_is_named_and_nothing_is_sealed(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        album = write_zip(tmp_path / "a.zip", PHOTOS, method=zipfile.ZIP_STORED)
        album.write_bytes(album.read_bytes().replace(b"photo 3", b"photo X"))
        with pytest.raises(PhotoFileError, match=r"album/3\.jpg in .*a\.zip"):
            client.submit(album)
        assert service.sent("POST", "/v1/jobs") == []
