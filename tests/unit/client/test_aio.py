"""The asyncio client: the same core, so only what differs is looked at here."""

import asyncio
import hashlib
import inspect
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from hfer import (
    AsyncClient,
    AsyncJob,
    AsyncJobs,
    AsyncModels,
    AsyncWebhookEndpoints,
    BucketError,
    Client,
    Job,
    Jobs,
    Models,
    NotFoundError,
    PhotoFileError,
    WebhookEndpoints,
)
from tests.fixtures.fake_service import BUCKET, JOB, KEY, URL, FakeService, job_json, photo_json
from tests.fixtures.saved_predictions import hume_face, hume_source
from tests.fixtures.webhook_answers import (
    ENDPOINT,
    MESSAGE,
    SECRET,
    delivery_json,
    endpoint_json,
    ok,
    page,
)

MakePhoto = Callable[..., Path]


def event(kind: str, data: object, number: int) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\nid: {number}\n\n".encode()


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


def test_events_are_followed_through_a_cut(service: FakeService) -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield event("item.finished", photo_json(0, "a.jpg"), 1)
            raise httpx.ReadError("cut")

    service.upsets.extend(
        [
            httpx.Response(200, stream=Cut()),
            httpx.Response(200, content=event("job.finished", job_json("succeeded"), 2)),
            httpx.Response(204),
        ]
    )

    async def use(client: AsyncClient) -> None:
        job = client.jobs.attach(JOB)
        kinds = [event.kind async for event in job.events()]
        assert kinds == ["item.finished", "job.finished"]
        assert (await job.state()).status == "succeeded"
        assert [event async for event in job.events(after="2")] == []

    drive(service, use)
    asked = [request.headers.get("Last-Event-ID") for request in service.requests]
    assert asked == [None, "1", "2"]


def test_webhook_endpoints_are_those_of_the_blocking_client(service: FakeService) -> None:
    service.upsets.extend(
        [
            ok(endpoint_json(secret=SECRET), 201),
            page(endpoint_json()),
            ok(endpoint_json()),
            ok(endpoint_json(enabled=False)),
            ok(endpoint_json(secret=SECRET)),
            ok(delivery_json(), 202),
            page(delivery_json("delivered")),
            ok(delivery_json("delivered")),
            ok(delivery_json(), 202),
            httpx.Response(204),
        ]
    )

    async def use(client: AsyncClient) -> None:
        hooks = client.webhook_endpoints
        assert (await hooks.create("https://h.example/")).secret == SECRET
        assert [endpoint.id async for endpoint in hooks.list()] == [ENDPOINT]
        assert (await hooks.get(ENDPOINT)).secret is None
        assert not (await hooks.enable(ENDPOINT, enabled=False)).enabled
        assert (await hooks.rotate_secret(ENDPOINT)).secret == SECRET
        assert (await hooks.test(ENDPOINT)).message_id == MESSAGE
        found = [sent.status async for sent in hooks.deliveries(ENDPOINT, status="delivered")]
        assert found == ["delivered"]
        assert (await hooks.delivery(ENDPOINT, MESSAGE)).status == "delivered"
        assert (await hooks.redeliver(ENDPOINT, MESSAGE)).status == "pending"
        await hooks.delete(ENDPOINT)

    drive(service, use)
    assert service.requests[6].url.params["status"] == "delivered"


def test_saved_predictions_are_set_beside_a_job(service: FakeService, tmp_path: Path) -> None:
    photos, saved = tmp_path / "photos", tmp_path / "predictions.json"
    photos.mkdir()
    (photos / "b.jpg").write_bytes(b"pixels")
    sha256, md5 = (hashlib.new(name, b"pixels").hexdigest() for name in ("sha256", "md5"))
    saved.write_text(json.dumps([hume_source("b.jpg", hume_face(Joy=0.9), md5=md5)]))
    service.results = [photo_json(0, "a.jpg", content_sha256=sha256)]

    async def use(client: AsyncClient) -> None:
        job = client.jobs.attach(JOB)
        assert (await job.compare(saved)).photos == 0
        assert (await job.compare(saved, photos=photos)).agreement == 1.0

    drive(service, use)


@pytest.mark.parametrize(
    ("blocking", "awaited"),
    [
        (Client, AsyncClient),
        (Job, AsyncJob),
        (Jobs, AsyncJobs),
        (Models, AsyncModels),
        (WebhookEndpoints, AsyncWebhookEndpoints),
    ],
)
def test_each_method_of_the_blocking_client_has_its_like(blocking: type, awaited: type) -> None:
    def taken(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: [*inspect.signature(method).parameters]
            for name, method in methods
            if not name.startswith("_")
        }

    theirs = taken(awaited)
    for name, parameters in taken(blocking).items():
        assert theirs[name] == parameters, name
