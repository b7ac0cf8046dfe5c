import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.multipart import MultipartParser

from hfer import PhotoFileError
from hfer._files import BLOCK_BYTES
from hfer._multipart import MultipartBody
from hfer._photos import Photo
from tests.fixtures.properties import PATIENT

MakePhoto = Callable[..., Path]


def parse(body: MultipartBody) -> list[tuple[str, bytes]]:
    """Read the body with the parser that the service uses: (disposition, content) per part."""
    parts: list[tuple[str, bytes]] = []
    names: list[bytes] = []
    boundary = body.headers["Content-Type"].partition("boundary=")[2]

    def on_name(data: bytes, start: int, end: int) -> None:
        names.append(data[start:end])

    def on_value(data: bytes, start: int, end: int) -> None:
        if names[-1] == b"Content-Disposition":
            parts.append((data[start:end].decode(), b""))

    def on_data(data: bytes, start: int, end: int) -> None:
        disposition, content = parts[-1]
        parts[-1] = (disposition, content + data[start:end])

    parser = MultipartParser(
        boundary.encode(),
        {"on_header_field": on_name, "on_header_value": on_value, "on_part_data": on_data},
    )
    parser.write(b"".join(body))
    parser.finalize()
    return parts


class TestMultipartBody:
    def test_carries_the_config_then_the_photos(self, make_photo: MakePhoto) -> None:
        photos = [Photo(make_photo("a.jpg", b"AAA"), 3), Photo(make_photo("b.png", b""), 0)]
        assert parse(MultipartBody(photos, config={"top_n": 2})) == [
            ('form-data; name="config"', b'{"top_n": 2}'),
            ('form-data; name="files"; filename="a.jpg"', b"AAA"),
            ('form-data; name="files"; filename="b.png"', b""),
        ]

    def test_promises_the_length_that_it_has(self, make_photo: MakePhoto) -> None:
        content = b"x" * (BLOCK_BYTES + 1)
        photo = Photo(make_photo("ä.jpg", content), len(content))
        body = MultipartBody([photo], config={})
        assert int(body.headers["Content-Length"]) == len(b"".join(body))

    def test_can_be_sent_again(self, make_photo: MakePhoto) -> None:
        body = MultipartBody([Photo(make_photo(), 6)], config={})
        assert list(body) == list(body)

    def test_keeps_one_file_open_and_one_block_in_memory(
        self, make_photo: MakePhoto, open_files: Callable[[], int]
    ) -> None:
        before = open_files()
        photos = [Photo(make_photo(f"{n}.jpg", b"x" * 100_000), 100_000) for n in range(50)]
        most = 0
        for block in MultipartBody(photos, config={}):
            most = max(most, open_files() - before)
            assert len(block) <= BLOCK_BYTES
        assert most == 1

    def test_sends_more_photos_than_there_are_descriptors(
        self, make_photo: MakePhoto, few_descriptors: int
    ) -> None:
        photos = [Photo(make_photo(), 6)] * (few_descriptors * 2)
        assert sum(map(len, MultipartBody(photos, config={}))) > 0

    def test_tells_the_bytes_sent(self, make_photo: MakePhoto) -> None:
        seen: list[tuple[int, int]] = []
        photos = [Photo(make_photo("a.jpg", b"AAA"), 3), Photo(make_photo("b.jpg", b"BB"), 2)]
        for _ in MultipartBody(
            photos, config={}, on_progress=lambda *progress: seen.append(progress)
        ):
            pass
        assert seen == [(3, 5), (5, 5)]

    @PATIENT
    @given(st.text(min_size=1, max_size=20).filter(lambda name: "/" not in name))
    def test_no_file_name_breaks_the_body(self, name: str) -> None:
        clean = name.encode("utf-8", "replace").decode()
        parts = parse(MultipartBody([_Named(Path("/dev/null"), 0, clean)], config={}))
        assert len(parts) == 2
        assert "\r" not in parts[1][0]
        assert "\n" not in parts[1][0]
        assert parts[1][0].count('"') == 4

    def test_a_photo_that_shrank_ends_the_upload(self, make_photo: MakePhoto) -> None:
        with pytest.raises(PhotoFileError, match="shorter"):
            list(MultipartBody([Photo(make_photo(content=b"12"), 3)], config={}))

    def test_a_photo_that_grew_is_cut_at_the_promised_length(self, make_photo: MakePhoto) -> None:
        body = MultipartBody([Photo(make_photo(content=b"1234"), 3)], config={})
        assert parse(body)[1][1] == b"123"

    def test_a_photo_that_vanished_ends_the_upload(self, tmp_path: Path) -> None:
        with pytest.raises(PhotoFileError, match="No such file"):
            list(MultipartBody([Photo(tmp_path / "gone.jpg", 3)], config={}))


class _Named(Photo):
    """A photo under a name that no file system would hold."""

    def __init__(self, path: Path, size: int, name: str) -> None:
        super().__init__(path, size)
        object.__setattr__(self, "_name", name)

    @property
    def name(self) -> str:
        return str(object.__getattribute__(self, "_name"))


@pytest.fixture
def open_files() -> Callable[[], int]:
    return lambda: len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def few_descriptors(open_files: Callable[[], int]) -> Iterator[int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = open_files() + 8
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        yield few
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
