"""The asyncio client: the same core, so only what differs is looked at here."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from hfer import AsyncClient, BucketError, NotFoundError, PhotoFileError
from tests.fixtures.fake_service import BUCKET, JOB, KEY, URL, FakeService

MakePhoto = Callable[..., Path]


def drive(service: FakeService, use: Callable[[AsyncClient], Coroutine[Any, Any, None]]) -> None:
    async def sleep(seconds: float) -> None:
        service.pauses.append(seconds)

    async def main() -> None:
        transport = service.transport
        async with AsyncClient(URL, KEY, http_transport=transport, sleep=sleep) as client:
            await use(client)

    asyncio.run(main())


def test_submits_waits_and_iterates(service: FakeService, make_photo: MakePhoto) -> None:
    photo = make_photo(content=b"some pixels")

    async def use(client: AsyncClient) -> None:
        job = await client.submit(photo, top_n=2)
        assert (await job.wait()).status == "succeeded"
        assert [photo.filename async for photo in job.results()] == ["a.jpg"]
        assert len([state async for state in client.jobs.list()]) == 2
        assert (await client.models.list())[1].active

    drive(service, use)
    assert b"some pixels" in service.sent("POST", "/v1/jobs")[0].content


def test_photos_go_to_the_bucket_side_by_side(service: FakeService, make_photo: MakePhoto) -> None:
    service.limits = {"request_files": 2, "declare_files": 9}
    service.bucket_upsets.append(httpx.Response(503, headers={"Retry-After": "7"}))
    photos = [make_photo(f"{number}.jpg", b"photo %d" % number) for number in range(9)]

    async def use(client: AsyncClient) -> None:
        assert (await client.submit(*photos)).id == JOB

    drive(service, use)
    stored = {hashlib.sha256(path.read_bytes()).hexdigest() for path in photos}
    assert set(service.stored) == stored
    assert service.pauses == [7.0]


def test_never_more_than_eight_at_a_time(service: FakeService, make_photo: MakePhoto) -> None:
    service.limits = {"request_files": 2, "declare_files": 99}
    photos = [make_photo(f"{number}.jpg", b"photo %d" % number) for number in range(40)]
    running, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        await request.aread()
        running += request.url.host == BUCKET
        most = max(most, running)
        await asyncio.sleep(0)
        running -= request.url.host == BUCKET
        return service(request)

    async def main() -> None:
        transport = httpx.MockTransport(answer)
        async with AsyncClient(URL, KEY, http_transport=transport) as client:
            await client.submit(*photos)

    asyncio.run(main())
    assert len(service.stored) == 40
    assert 1 < most <= 8


def test_errors_are_the_same_and_come_alone(service: FakeService, make_photo: MakePhoto) -> None:
    service.limits = {"request_files": 0, "declare_files": 9}
    service.bucket_upsets.extend(httpx.Response(403) for _ in range(99))
    photo, gone = make_photo(), make_photo("gone.jpg")

    async def use(client: AsyncClient) -> None:
        with pytest.raises(NotFoundError):
            await client.jobs.get("job_0")
        with pytest.raises(BucketError):
            await client.submit(photo)
        gone.chmod(0)
        gone.unlink()
        with pytest.raises(PhotoFileError):
            await client.submit(gone)

    drive(service, use)


def test_a_cut_answer_is_read_on(service: FakeService) -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"index": 7, "filename": "b.jpg"}\n{"ind'
            raise httpx.ReadError("cut")

    service.upsets.append(httpx.Response(200, stream=Cut()))

    async def use(client: AsyncClient) -> None:
        photos = [photo.index async for photo in client.jobs.attach(JOB).results()]
        assert photos == [7, 0]

    drive(service, use)
