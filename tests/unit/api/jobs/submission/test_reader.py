"""Submissions as they arrive: hashes, limits, refusals."""

import hashlib
from dataclasses import replace

import pytest

from services.api.errors import ApiError
from services.api.jobs.submission.reader import MAX_CONFIG_BYTES, SubmissionReader
from services.api.jobs.submission.spool import SpooledPhoto
from services.api.problems import ProblemCode
from services.common.domain.errors import ItemErrorCode
from services.common.domain.limits import PhotoLimits

LIMITS = replace(PhotoLimits(), photo_bytes=1_000, request_files=3)
STEP = 300


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def read(
    *parts: bytes, limits: PhotoLimits = LIMITS
) -> tuple[SubmissionReader, list[SpooledPhoto]]:
    body = b"".join(parts) + b"--b--\r\n"
    reader = SubmissionReader("multipart/form-data; boundary=b", limits=limits)
    photos: list[SpooledPhoto] = []
    try:
        for start in range(0, len(body), STEP):
            photos += reader.feed(body[start : start + STEP])
        reader.finish()
    finally:
        reader.close()
    return reader, photos


def refused(*parts: bytes, limits: PhotoLimits = LIMITS) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(*parts, limits=limits)
    return caught.value


class TestFeed:
    def test_hashes_and_keeps_each_photo(self) -> None:
        data = bytes(range(250)) * 4
        _, photos = read(part("files", data, "dir/a.jpg"), part("files", b"two", "b.jpg"))
        first, second = photos
        assert first.filename == "dir/a.jpg"
        assert first.sha256 == hashlib.sha256(data).digest()
        assert first.file is not None
        assert first.file.read() == data
        assert (first.byte_count, second.byte_count) == (1_000, 3)
        for photo in photos:
            photo.close()

    def test_refuses_a_large_photo_and_still_hashes_it(self) -> None:
        data = b"x" * 1_001
        _, photos = read(part("files", data, "big.jpg"), part("files", b"ok", "b.jpg"))
        big, small = photos
        assert big.refusal is not None
        assert big.refusal.code is ItemErrorCode.TOO_LARGE
        assert big.file is None
        assert big.sha256 == hashlib.sha256(data).digest()
        assert small.refusal is None
        small.close()

    def test_refuses_an_empty_photo(self) -> None:
        _, [photo] = read(part("files", b"", "a.jpg"))
        assert photo.refusal is not None
        assert photo.refusal.code is ItemErrorCode.EMPTY

    @pytest.mark.parametrize("filename", [None, "config.json"])
    def test_takes_the_config_before_or_after_as_field_or_file(self, filename: str | None) -> None:
        config = part("config", b'{"top_n": 2}', filename)
        photo = part("files", b"x", "a.jpg")
        for parts in ([config, photo], [photo, config]):
            reader, photos = read(*parts)
            assert reader.config == b'{"top_n": 2}'
            photos[0].close()

    def test_has_no_config_without_the_part(self) -> None:
        reader, [photo] = read(part("files", b"x", "a.jpg"))
        assert reader.config is None
        photo.close()

    def test_names_a_photo_that_has_no_name(self) -> None:
        _, [photo] = read(part("files", b"x"))
        assert photo.filename == "unnamed"
        photo.close()

    def test_refuses_one_photo_too_many(self) -> None:
        error = refused(*[part("files", b"x", "a.jpg")] * 4)
        assert error.code == ProblemCode.PAYLOAD_TOO_LARGE
        assert error.limit == 3

    def test_refuses_an_unknown_part_by_its_name(self) -> None:
        error = refused(part("fi/les", b"x", "a.jpg"))
        assert error.code == ProblemCode.VALIDATION
        assert error.errors[0].pointer == "#/fi~1les"

    def test_refuses_a_second_config(self) -> None:
        error = refused(part("config", b"{}"), part("config", b"{}"), part("files", b"x", "a"))
        assert error.errors[0].pointer == "#/config"

    def test_refuses_an_endless_config(self) -> None:
        error = refused(part("config", b" " * (MAX_CONFIG_BYTES + 1)))
        assert (error.code, error.limit) == (ProblemCode.PAYLOAD_TOO_LARGE, MAX_CONFIG_BYTES)

    def test_says_that_it_is_full_when_no_file_can_be_written(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", "/nowhere")
        error = refused(part("files", b"x" * 1_500_000, "a.jpg"), limits=PhotoLimits())
        assert error.code == ProblemCode.OVERLOADED
        assert error.headers["Retry-After"]


class TestFinish:
    def test_refuses_a_submission_without_photos(self) -> None:
        error = refused(part("config", b"{}"))
        assert error.code == ProblemCode.VALIDATION
        assert error.errors[0].pointer == "#/files"
