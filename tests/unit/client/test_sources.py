"""What submit takes beside paths: photos in memory, in files that are open, in iterables."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from hfer import (
    AsyncClient,
    Client,
    MixedSourcesError,
    NoPhotosError,
    PhotoFileError,
    ServiceError,
    SourceTypeError,
)
from hfer._spool import Spool
from tests.fixtures.fake_service import KEY, URL, FakeService, problem

MakePhoto = Callable[..., Path]
JPEG = b"\xff\xd8\xff pixels"
PARTS = re.compile(rb'filename="([^"]*)"\r\nContent-Type: [^\r]*\r\n\r\n(.*?)\r\n--', re.DOTALL)


def sent(service: FakeService) -> list[tuple[str, bytes]]:
    """Name and bytes of each photo of the last job."""
    body = service.sent("POST", "/v1/jobs")[-1].content
    return [(name.decode(), data) for name, data in PARTS.findall(body)]


class TestPhotosInMemory:
    def test_bytes_are_named_by_place_and_content(
        self, client: Client, service: FakeService
    ) -> None:
        png, heic = b"\x89PNG\r\n\x1a\n...", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
        client.submit(JPEG, bytearray(JPEG), memoryview(png), b"who knows", heic)
        assert sent(service) == [
            ("photo-00001.jpg", JPEG),
            ("photo-00002.jpg", JPEG),
            ("photo-00003.png", png),
            ("photo-00004", b"who knows"),
            ("photo-00005.heic", heic),
        ]

    def test_pairs_carry_the_name(self, client: Client, service: FakeService) -> None:
        client.submit(("a/Zoë.jpg", JPEG), ("b.jpg", io.BytesIO(JPEG)))
        assert sent(service) == [("a/Zoë.jpg", JPEG), ("b.jpg", JPEG)]

    def test_a_buffer_that_was_just_written_is_read_from_its_beginning(
        self, client: Client, service: FakeService
    ) -> None:
        buffer = io.BytesIO()
        buffer.write(JPEG)
        client.submit(buffer)
        assert sent(service) == [("photo-00001.jpg", JPEG)]

    def test_an_open_file_keeps_its_name(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        with make_photo("folder/a.jpg", JPEG).open("rb") as file:
            client.submit(file)
        assert sent(service) == [("a.jpg", JPEG)]

    def test_a_stream_without_a_beginning_is_read_to_its_end(
        self, client: Client, service: FakeService
    ) -> None:
        class Answer:
            name = 3

            def __init__(self) -> None:
                self.rest = [b"", b"two", b"\xff\xd8\xffone "]

            def read(self, _size: int = -1) -> bytes:
                return self.rest.pop()

        client.submit(Answer())
        assert sent(service) == [("photo-00001.jpg", b"\xff\xd8\xffone two")]

    def test_a_picture_keeps_its_pixels_and_how_it_is_turned(
        self, client: Client, service: FakeService
    ) -> None:
        picture = Image.new("RGB", (4, 2), (10, 20, 30))
        picture.getexif()[0x0112] = 6
        client.submit(("turned.png", picture))
        (name, data), *_ = sent(service)
        read = Image.open(io.BytesIO(data))
        assert (name, read.size, read.getexif()[0x0112]) == ("turned.png", (4, 2), 6)
        assert read.getpixel((3, 1)) == (10, 20, 30)

    @pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3), (5, 4, 4)])
    def test_an_array_keeps_its_pixels(
        self, client: Client, service: FakeService, shape: tuple[int, ...]
    ) -> None:
        array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        client.submit(array)
        read = np.asarray(Image.open(io.BytesIO(sent(service)[0][1])))
        assert (read == array.squeeze()).all()

    @pytest.mark.parametrize(
        "array", [np.zeros((5, 4, 3)), np.zeros((2, 5, 4, 3), np.uint8), np.zeros((0, 4), np.uint8)]
    )
    def test_an_array_that_is_no_photo_is_refused_with_what_is_one(
        self, client: Client, array: object
    ) -> None:
        with pytest.raises(SourceTypeError, match="uint8"):
            client.submit(array)  # type: ignore[arg-type] # that is what is tested


class TestIterables:
    def test_lists_generators_and_what_is_in_them_keep_their_order(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        def later() -> Iterator[object]:
            yield "made.jpg", JPEG
            yield [make_photo("b.jpg", b"b"), make_photo("c.jpg", b"c")]

        client.submit([make_photo("a.jpg", b"a")], later(), (str(make_photo("d.jpg", b"d")),))  # type: ignore[arg-type] # a generator of anything
        assert [name for name, _ in sent(service)] == [
            *("a.jpg", "made.jpg", "b.jpg", "c.jpg", "d.jpg")
        ]

    def test_two_paths_in_a_tuple_are_two_photos(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        client.submit((str(make_photo("a.jpg")), str(make_photo("b.jpg"))))
        assert [name for name, _ in sent(service)] == ["a.jpg", "b.jpg"]

    def test_folders_are_told_apart_whatever_comes_between_them(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        first, second = make_photo("cam1/a.jpg", JPEG), make_photo("cam2/a.jpg", JPEG)
        client.submit(first.parent, ("cam3\\a.jpg", JPEG), second.parent)
        names = [name for name, _ in sent(service)]
        assert names == ["cam1/a.jpg", "cam3/a.jpg", "cam2/a.jpg"]

    def test_an_iterable_that_gives_nothing_is_no_job(self, client: Client) -> None:
        with pytest.raises(NoPhotosError):
            client.submit(iter(()))

    def test_asyncio_takes_asynchronous_iterables_too(self, service: FakeService) -> None:
        async def photos() -> AsyncIterator[tuple[str, bytes]]:
            yield "a.jpg", JPEG
            await asyncio.sleep(0)
            yield "b.jpg", JPEG

        async def main() -> None:
            async with AsyncClient(URL, KEY, http_transport=service.transport) as client:
                await client.submit(photos(), JPEG)

        asyncio.run(main())
        assert [name for name, _ in sent(service)] == ["a.jpg", "b.jpg", "photo-00003.jpg"]

    def test_a_submit_in_memory_that_failed_goes_on_where_the_content_is_the_same(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        service.upsets.extend([httpx.Response(200, json={}), problem(500, "internal")])
        with pytest.raises(ServiceError):
            client.submit(("a.jpg", JPEG), resume=tmp_path)
        client.submit(("a.jpg", b"other"), resume=tmp_path)
        client.submit(("a.jpg", JPEG), resume=tmp_path)
        first, other, again = (
            request.headers["Idempotency-Key"] for request in service.sent("POST", "/v1/jobs")
        )
        assert first == again != other


class TestRefusals:
    @pytest.mark.parametrize(
        ("source", "said"),
        [
            (None, "takes no NoneType"),
            (7, "takes no int"),
            ({"a.jpg": JPEG}, "items()"),
            (io.StringIO("text"), "rb"),
        ],
    )
    def test_what_is_no_photo_is_refused_with_a_sentence(
        self, client: Client, service: FakeService, source: object, said: str
    ) -> None:
        with pytest.raises(SourceTypeError, match=re.escape(said)):
            client.submit(source)  # type: ignore[arg-type] # that is what is tested
        assert not service.sent("POST")

    def test_an_asynchronous_iterable_is_for_asyncio(self, client: Client) -> None:
        async def photos() -> AsyncIterator[bytes]:
            yield JPEG

        with pytest.raises(SourceTypeError, match="AsyncClient"):
            client.submit(photos())  # type: ignore[arg-type] # that is what is tested

    def test_a_file_that_was_closed_is_named(self, client: Client, make_photo: MakePhoto) -> None:
        with make_photo("a.jpg").open("rb") as file:
            pass
        with pytest.raises(PhotoFileError, match=r"a\.jpg.*closed"):
            client.submit(file)

    def test_data_and_urls_are_two_jobs(self, client: Client) -> None:
        with pytest.raises(MixedSourcesError):
            client.submit(JPEG, "https://photos.example.com/a.jpg")


class TestSpool:
    def test_what_memory_does_not_hold_goes_to_a_folder_that_is_gone_after_it(self) -> None:
        with Spool(in_memory=10) as spool:
            small = spool.keep("a", [b"12345"])
            large = spool.keep("b", [b"12345", b"6"])
            path = getattr(large, "path", None)
            assert isinstance(path, Path)
            assert not hasattr(small, "path")
            assert path.is_file()
            assert (large.name, large.size) == ("b", 6)
            assert b"".join(large.blocks(fault=PhotoFileError)) == b"123456"
        assert not path.exists()

    def test_an_archive_from_a_file_that_is_open_is_unpacked_like_one_of_a_path(
        self, client: Client, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Spool.__init__, "__kwdefaults__", {"in_memory": 0})
        service.limits = {"request_files": 2, "declare_files": 9}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for number in range(3):
                archive.writestr(f"{number}.jpg", b"photo %d" % number)
        client.submit(("album.zip", buffer))
        assert sorted(service.stored.values()) == [b"photo 0", b"photo 1", b"photo 2"]
