"""Events of a job through broken connections: in order, each once."""

import json
from collections.abc import Iterator

import httpx
import pytest

from hfer import ApiError, Client, GoneError, JobEvent, ServiceUnreachableError
from hfer.errors import UnexpectedAnswerError
from tests.fixtures.fake_service import JOB, FakeService, job_json, photo_json, problem


class Broken(httpx.SyncByteStream):
    """Bytes, and then the connection breaks."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx.ReadError("reset")


def frame(kind: str, data: object, number: int | None = None) -> bytes:
    tail = "" if number is None else f"id: {number}\n"
    return f"event: {kind}\ndata: {json.dumps(data)}\n{tail}\n".encode()


def item(index: int) -> bytes:
    return frame("item.finished", photo_json(index, f"{index}.jpg"), index + 1)


PROGRESS = frame("job.progress", {"id": JOB, "status": "running", "progress": 0.5})
FINISHED = frame("job.finished", job_json("succeeded", succeeded=2), 99)


def names(events: list[JobEvent]) -> list[str]:
    return [event.photo.filename for event in events if event.photo]


class TestEvents:
    def test_tells_results_and_progress_and_ends_with_the_job(
        self, client: Client, service: FakeService
    ) -> None:
        body = b"retry: 3000\n\n: ping\n\n" + PROGRESS + item(0) + item(1) + FINISHED
        service.upsets.append(httpx.Response(200, content=body))
        job = client.jobs.attach(JOB)
        events = list(job.events())
        assert [event.kind for event in events] == [
            "job.progress",
            "item.finished",
            "item.finished",
            "job.finished",
        ]
        assert events[0].job is not None
        assert events[0].job.progress == 0.5
        assert events[1].photo is not None
        assert events[1].photo.faces[0].expression.label == "happiness"
        assert job.state.status == "succeeded"
        assert len(service.requests) == 1

    def test_goes_on_after_a_broken_connection(self, client: Client, service: FakeService) -> None:
        service.upsets.extend(
            [
                httpx.Response(200, stream=Broken(item(0) + PROGRESS + item(1)[:-9])),
                httpx.ConnectError("refused"),
                problem(503, "overloaded"),
                httpx.Response(200, content=item(1)),
                httpx.Response(200, content=FINISHED),
            ]
        )
        events = list(client.jobs.attach(JOB).events())
        assert names(events) == ["0.jpg", "1.jpg"]
        asked = [request.headers.get("Last-Event-ID") for request in service.requests]
        assert asked == [None, "1", "1", "1", "2"]

    def test_goes_on_where_another_process_stopped(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(httpx.Response(200, content=item(1) + FINISHED))
        assert names(list(client.jobs.attach(JOB).events(after="1"))) == ["1.jpg"]
        assert service.requests[0].headers["Last-Event-ID"] == "1"

    def test_ends_at_once_when_all_was_told(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(204))
        assert list(client.jobs.attach(JOB).events(after="99")) == []

    @pytest.mark.parametrize(
        ("status", "code", "error"), [(410, "gone", GoneError), (404, "not-found", ApiError)]
    )
    def test_says_why_it_is_refused(
        self,
        client: Client,
        service: FakeService,
        status: int,
        code: str,
        error: type[Exception],
    ) -> None:
        service.upsets.extend([httpx.Response(200, content=item(0)), problem(status, code)])
        events = client.jobs.attach(JOB).events()
        assert next(events).id == "1"
        with pytest.raises(error):
            next(events)

    def test_gives_up_on_streams_that_tell_nothing(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.extend(httpx.Response(200, content=b"") for _ in range(40))
        with pytest.raises(ServiceUnreachableError):
            list(client.jobs.attach(JOB).events())
        assert service.pauses == [3.0] * 40

    def test_signs_that_end_lines_elsewhere_stay_in_a_label(
        self, client: Client, service: FakeService
    ) -> None:
        labels = {"name": "Fair\u2028\x852026"}
        data = json.dumps(
            job_json("succeeded", succeeded=2) | {"labels": labels}, ensure_ascii=False
        )
        body = f"event: job.finished\r\ndata: {data}\r\nid: 99\r\n\r\n"
        service.upsets.append(httpx.Response(200, content=body.encode()))
        (event,) = client.jobs.attach(JOB).events()
        assert event.job is not None
        assert event.job.labels == labels

    def test_passes_over_events_of_a_newer_service(
        self, client: Client, service: FakeService
    ) -> None:
        body = frame("job.blessed", {}, 1) + FINISHED
        service.upsets.append(httpx.Response(200, content=body))
        assert [event.kind for event in client.jobs.attach(JOB).events()] == ["job.finished"]

    def test_refuses_what_is_no_event_of_ours(self, client: Client, service: FakeService) -> None:
        body = b"event: job.progress\ndata: [1]\n\n"
        service.upsets.append(httpx.Response(200, content=body))
        with pytest.raises(UnexpectedAnswerError):
            list(client.jobs.attach(JOB).events())


class TestFollow:
    def test_gives_each_photo_once_as_it_is_finished(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(httpx.Response(200, content=PROGRESS + item(2) + item(0) + FINISHED))
        seen: list[str] = []
        job = client.jobs.attach(JOB)
        photos = list(job.follow(on_progress=lambda state: seen.append(state.status)))
        assert [photo.filename for photo in photos] == ["2.jpg", "0.jpg"]
        assert seen == ["running", "succeeded"]
        assert job.state.status == "succeeded"
