"""Archives on their way to photos: what comes out, and what is refused."""

import hashlib
import io
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.errors import ApiError
from services.api.jobs.submission.archives.expand import expand
from services.api.jobs.submission.archives.meters import Allowance
from services.api.jobs.submission.spool import Spool, SpooledArchive, SpooledPhoto
from services.api.problems import ProblemCode
from services.common.domain.errors import ItemErrorCode
from services.common.domain.limits import PhotoLimits
from tests.fixtures.archives import (
    PACKERS,
    archive_of,
    overlapping_zip,
    tar_of,
    with_flag,
    zip_named,
    zip_of,
)

LIMITS = PhotoLimits()
KINDS = ["zip", *PACKERS]
# Bytes that do not compress, as those of photos do not.
NOISE = hashlib.shake_256(b"photo").digest(40_000)


def archive(packed: bytes) -> SpooledArchive:
    spool = Spool("archive", limits=LIMITS)
    spool.write(packed)
    arrived = spool.finish()
    assert isinstance(arrived, SpooledArchive)
    return arrived


def photos_of(packed: bytes, *, limits: PhotoLimits = LIMITS) -> Iterator[SpooledPhoto]:
    with closing(archive(packed)) as arrived:
        for photo in expand(arrived, Allowance(limits)):
            with closing(photo):
                yield photo


def closing_each(photos: Iterator[SpooledPhoto]) -> Iterator[SpooledPhoto]:
    for photo in photos:
        with closing(photo):
            yield photo


def hard_link(name: str, target: str) -> tarfile.TarInfo:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.LNKTYPE, target
    return link


def contents(packed: bytes, **changes: Any) -> dict[str, bytes | None]:
    found = photos_of(packed, limits=replace(LIMITS, **changes))
    return {photo.filename: photo.file and photo.file.read() for photo in found}


def refusal(packed: bytes, **changes: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        contents(packed, **changes)
    return caught.value


@cache
def two_photos(kind: str) -> bytes:
    """An archive that is damaged over and over."""
    return archive_of({"a.jpg": NOISE[:2_000], "b.jpg": NOISE[2_000:4_000]}, kind)


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_gives_photos_in_order_with_their_folders(self, kind: str) -> None:
        files = {"album/b.jpg": NOISE, "album/2024/ä.png": NOISE[::-1], "a.jpg": b"small"}
        found = contents(archive_of(files, kind))
        assert found == files
        assert list(found) == list(files)

    def test_hashes_what_it_unpacks(self, kind: str) -> None:
        [photo] = photos_of(archive_of({"a.jpg": NOISE}, kind))
        assert photo.sha256 == hashlib.sha256(NOISE).digest()
        assert photo.byte_count == len(NOISE)

    def test_leaves_out_what_systems_add(self, kind: str) -> None:
        junk = ["__MACOSX/a.jpg", "x/__MACOSX/._a.jpg", ".DS_Store", "x/.DS_Store", "x/._a.jpg"]
        junk += ["Thumbs.db", "x/desktop.ini", ".git/a.jpg"]
        files = dict.fromkeys(junk, b"junk") | {"x/a.jpg": NOISE}
        assert list(contents(archive_of(files, kind))) == ["x/a.jpg"]

    @pytest.mark.parametrize(
        "path",
        [
            "../a.jpg",
            "x/../../a.jpg",
            "/etc/a.jpg",
            "..\\a.jpg",
            "C:\\a.jpg",
            "x/..",
            "\\\\h\\a.jpg",
        ],
    )
    def test_refuses_a_path_that_leads_out(self, kind: str, path: str) -> None:
        error = refusal(archive_of({"ok.jpg": NOISE, path: b"x"}, kind))
        assert error.code == ProblemCode.ARCHIVE_REFUSED
        assert "path" in error.detail

    def test_an_empty_and_a_large_photo_are_refused_alone(self, kind: str) -> None:
        packed = archive_of({"empty.jpg": b"", "large.jpg": NOISE, "ok.jpg": NOISE[:500]}, kind)
        found = list(photos_of(packed, limits=replace(LIMITS, photo_bytes=1_000)))
        codes = [photo.refusal.code if photo.refusal else None for photo in found]
        assert codes == [ItemErrorCode.EMPTY, ItemErrorCode.TOO_LARGE, None]

    def test_refuses_more_than_it_may_unpack_to(self, kind: str) -> None:
        files = {f"{number}.jpg": NOISE for number in range(5)}
        error = refusal(archive_of(files, kind), archive_unpacked_bytes=100_000)
        assert (error.code, error.limit) == (ProblemCode.PAYLOAD_TOO_LARGE, 100_000)

    def test_refuses_too_many_files(self, kind: str) -> None:
        files = {f"{number}.jpg": b"x" for number in range(4)}
        error = refusal(archive_of(files, kind), archive_entries=3)
        assert (error.code, error.limit) == (ProblemCode.PAYLOAD_TOO_LARGE, 3)
        assert len(contents(archive_of(files, kind), archive_entries=4)) == 4

    def test_refuses_endless_folders(self, kind: str) -> None:
        files = {f"{number}/.hidden": b"x" for number in range(20)}
        assert refusal(archive_of(files, kind), archive_entries=4).limit == 4

    def test_an_archive_without_photos_is_refused(self, kind: str) -> None:
        assert "no photo" in refusal(archive_of({".DS_Store": b"x"}, kind)).detail

    def test_passes_over_and_counts_what_is_plainly_no_photo(self, kind: str) -> None:
        side = {
            "Takeout/a.jpg.json": b'{"people": []}',
            "Takeout/archive_browser.html": b"<!DOCTYPE html><html>",
            "Takeout/clip.mp4": b"\0\0\0\x18ftypisom" + NOISE,
            "Takeout/BMW.txt": b"BMW is a car." + NOISE,
            "Takeout/empty": b"",
            ".DS_Store": b"x",
        }
        told = {
            "Takeout/a.jpg": NOISE,
            "Takeout/no_ending": b"\xff\xd8\xff" + NOISE,
            "Takeout/raw.cr3": b"\0\0\0\x18ftypcrx " + NOISE,
        }
        allowance = Allowance(LIMITS)
        with closing(archive(archive_of(side | told, kind))) as arrived:
            names = [photo.filename for photo in closing_each(expand(arrived, allowance))]
        assert names == list(told)
        assert allowance.passed_over == len(side)

    def test_only_side_files_are_no_photo(self, kind: str) -> None:
        assert "no photo" in refusal(archive_of({"a.json": b"{}"}, kind)).detail

    def test_an_archive_inside_is_a_file_like_any_other(self, kind: str) -> None:
        inner = zip_of({"a.jpg": NOISE})
        assert contents(archive_of({"inner.zip": inner}, kind)) == {"inner.zip": inner}

    def test_one_cut_short_is_refused(self, kind: str) -> None:
        packed = archive_of({"a.jpg": NOISE, "b.jpg": NOISE[::-1]}, kind)
        for share in (0.3, 0.6, 0.8):
            assert refusal(packed[: int(len(packed) * share)]).code == ProblemCode.ARCHIVE_REFUSED

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_damage_is_a_problem_or_a_refused_photo_never_a_fault(
        self, kind: str, data: st.DataObject
    ) -> None:
        packed = bytearray(two_photos(kind))
        behind_magic = 263 if kind == "tar" else 6
        for _ in range(data.draw(st.integers(1, 6))):
            place = data.draw(st.integers(behind_magic, len(packed) - 1))
            packed[place] = data.draw(st.integers(0, 255))
        try:
            for photo in photos_of(bytes(packed)):
                assert photo.refusal or photo.file
        except ApiError as error:
            refused = error
        else:
            return
        assert refused.code in {ProblemCode.ARCHIVE_REFUSED, ProblemCode.PAYLOAD_TOO_LARGE}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tar"])
def test_refuses_a_bomb_by_its_ratio(kind: str) -> None:
    """A plain tar holds what it unpacks to, so it has no ratio to refuse."""
    error = refusal(archive_of({"bomb.jpg": bytes(20_000_000)}, kind))
    assert error.code == ProblemCode.ARCHIVE_REFUSED
    assert "100 times" in error.detail


class TestZip:
    def test_a_damaged_photo_is_refused_alone(self) -> None:
        packed = bytearray(zip_of({"a.jpg": NOISE, "b.jpg": NOISE[::-1]}, method=0))
        packed[1_000] ^= 0xFF
        bad, good = photos_of(bytes(packed))
        assert bad.refusal
        assert bad.refusal.code is ItemErrorCode.DECODE_FAILED
        assert bad.sha256 is None
        assert good.refusal is None

    def test_a_declared_size_is_not_believed(self) -> None:
        packed = bytearray(zip_of({"bomb.jpg": bytes(20_000_000)}))
        start = packed.find(b"PK\x01\x02")
        packed[start + 24 : start + 28] = struct.pack("<L", 10)
        [photo] = photos_of(bytes(packed))
        assert photo.refusal
        assert photo.byte_count <= 10

    @pytest.mark.parametrize("flag", [0x1, 0x40])
    def test_refuses_an_encrypted_one(self, flag: int) -> None:
        assert "password" in refusal(with_flag(zip_of({"a.jpg": NOISE}), flag)).detail

    def test_refuses_entries_that_share_bytes(self) -> None:
        assert "overlap" in refusal(overlapping_zip()).detail

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_refuses_methods_that_inflate_without_limit(self, method: int) -> None:
        error = refusal(zip_of({"a.jpg": bytes(1_000)}, method=method))
        assert "deflate" in error.detail

    def test_passes_over_links_and_folders(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as writer:
            link = zipfile.ZipInfo("link.jpg")
            link.external_attr = 0o120777 << 16
            writer.writestr(link, "/etc/passwd")
            writer.mkdir("album")
            writer.writestr("album/a.jpg", NOISE)
        assert list(contents(packed.getvalue())) == ["album/a.jpg"]

    @pytest.mark.parametrize(
        ("written", "flag", "name"),
        [
            ("Zoë 東京.jpg".encode(), 0, "Zoë 東京.jpg"),
            ("Zoë 東京.jpg".encode(), 0x800, "Zoë 東京.jpg"),
            ("Zoë.jpg".encode("cp437"), 0, "Zoë.jpg"),
            (b"album\\a.jpg", 0, "album/a.jpg"),
        ],
        ids=["Finder's", "flagged", "code page 437", "back-slash"],
    )
    def test_a_name_is_what_its_packer_wrote(self, written: bytes, flag: int, name: str) -> None:
        assert list(contents(zip_named(written, NOISE, flag=flag))) == [name]

    def test_a_name_in_an_extra_field_counts_if_it_is_of_this_entry(self) -> None:
        for checksum, name in ((zlib.crc32(b"?.jpg"), "東京.jpg"), (0, "?.jpg")):
            field = struct.pack("<BL", 1, checksum) + "東京.jpg".encode()
            extra = struct.pack("<HH", 0x7075, len(field)) + field
            assert list(contents(zip_named(b"?.jpg", NOISE, extra=extra))) == [name]

    def test_a_folder_as_dot_net_writes_it_is_passed_over(self) -> None:
        assert list(contents(zip_of({"album\\": b"", "album\\a.jpg": NOISE}))) == ["album/a.jpg"]

    def test_does_not_read_an_endless_directory(self) -> None:
        packed = zip_of({f"{'x' * 200}{number}.jpg": b"" for number in range(3_000)})
        assert refusal(packed, archive_entries=100).limit == 100


class TestTar:
    @pytest.mark.parametrize(
        "kind",
        [tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
    )
    def test_passes_over_links_and_devices(self, kind: bytes) -> None:
        other = tarfile.TarInfo("other.jpg")
        other.type, other.linkname = kind, "/etc/passwd"
        assert list(contents(tar_of({"a.jpg": NOISE}, other))) == ["a.jpg"]

    def test_a_hard_link_is_a_photo_of_the_same_bytes(self) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as writer:
            for name, data in {"a.jpg": NOISE, "notes.txt": b"x"}.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                writer.addfile(info, io.BytesIO(data))
            writer.addfile(hard_link("b/c.jpg", "a.jpg"))
            writer.addfile(hard_link("copy.txt", "notes.txt"))
        first, second = photos_of(packed.getvalue())
        assert (first.filename, second.filename) == ("a.jpg", "b/c.jpg")
        assert second.sha256 == first.sha256
        assert (second.byte_count, second.refusal) == (len(NOISE), None)

    def test_a_hard_link_to_nothing_before_it_fails_alone(self) -> None:
        bad, good = photos_of(tar_of({"a.jpg": NOISE}, hard_link("b.jpg", "a.jpg")))
        assert (bad.filename, bad.refusal and bad.refusal.code) == (
            "b.jpg",
            ItemErrorCode.DECODE_FAILED,
        )
        assert good.refusal is None

    def test_a_broken_header_in_the_middle_loses_no_photo_in_silence(self) -> None:
        packed = bytearray(tar_of({"a.jpg": NOISE[:512], "b.jpg": NOISE[:512]}))
        packed[1_024:1_200] = b"?" * 176
        assert "damaged" in refusal(bytes(packed)).detail

    def test_a_header_that_asks_for_memory_gets_none(self) -> None:
        header = tarfile.TarInfo("pax")
        header.type, header.size = tarfile.XHDTYPE, 300_000_000
        bomb = PACKERS["tar.gz"](header.tobuf(tarfile.USTAR_FORMAT) + bytes(300_000_000))
        tracemalloc.start()
        try:
            refusal(bomb)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()

    def test_many_streams_end_to_end_are_one_archive(self) -> None:
        packed = tar_of({"a.jpg": NOISE})
        for kind in ("tar.bz2", "tar.xz"):
            halves = PACKERS[kind](packed[:9_000]) + PACKERS[kind](packed[9_000:])
            assert contents(halves) == {"a.jpg": NOISE}

    def test_a_sparse_file_is_refused_alone(self) -> None:
        sparse = tarfile.TarInfo("holes.jpg")
        sparse.type = tarfile.GNUTYPE_SPARSE
        bad, good = photos_of(tar_of({"a.jpg": NOISE}, sparse))
        assert bad.refusal
        assert good.refusal is None


def test_what_several_archives_unpack_to_is_counted_together() -> None:
    allowance = Allowance(replace(LIMITS, archive_unpacked_bytes=60_000))
    packed = zip_of({"a.jpg": NOISE})
    with closing(archive(packed)) as first:
        for photo in expand(first, allowance):
            photo.close()
    with closing(archive(packed)) as second, pytest.raises(ApiError):
        next(expand(second, allowance))
