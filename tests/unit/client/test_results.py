"""Results that are cut on their way are read on from there."""

import json
from collections import deque
from collections.abc import Iterator

import httpx
import pytest

from hfer import BrokenOffError, Client, ResultFormat, UnexpectedAnswerError
from tests.fixtures.fake_service import JOB, FakeService, photo_json

PHOTOS = [photo_json(number, f"{number}\u2028.jpg") for number in range(4)]
LINES = [json.dumps(photo, ensure_ascii=False).encode() + b"\n" for photo in PHOTOS]


class _Cut(httpx.SyncByteStream):
    """A body whose connection goes away after some blocks."""

    def __init__(self, *blocks: bytes) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._blocks
        raise httpx.RemoteProtocolError("peer closed connection")


def cut(*blocks: bytes) -> httpx.Response:
    return httpx.Response(200, stream=_Cut(*blocks))


def whole() -> httpx.Response:
    return httpx.Response(200, content=b"".join(LINES))


class TestLines:
    def test_every_photo_comes_once_after_a_cut_inside_a_line(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets = deque([cut(LINES[0] + LINES[1][:9]), cut(*LINES[:3]), whole()])
        photos = list(client.jobs.attach(JOB).results())
        assert [photo.index for photo in photos] == [0, 1, 2, 3]
        assert len(service.pauses) == 2

    def test_a_line_separator_in_a_name_is_part_of_the_name(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(whole())
        assert next(client.jobs.attach(JOB).results()).filename == "0\u2028.jpg"

    def test_gives_up_when_no_try_comes_further(self, client: Client, service: FakeService) -> None:
        service.upsets = deque(cut(LINES[0]) for _ in range(9))
        with pytest.raises(BrokenOffError):
            list(client.jobs.attach(JOB).results())
        assert len(service.pauses) == 4

    def test_a_caller_who_stops_closes_the_answer(
        self, client: Client, service: FakeService
    ) -> None:
        response = whole()
        response = httpx.Response(200, stream=_Cut(*LINES))
        service.upsets.append(response)
        results = client.jobs.attach(JOB).results()
        next(results)
        results.close()  # type: ignore[attr-defined]
        assert response.is_closed


class TestBytes:
    def test_go_on_after_the_byte_that_was_cut(self, client: Client, service: FakeService) -> None:
        body = b"".join(LINES)
        service.upsets = deque([cut(body[:10], body[10:50]), cut(body[:45], body[45:70]), whole()])
        given = list(client.jobs.attach(JOB).results_bytes(ResultFormat.JSONL))
        assert b"".join(given) == body

    @pytest.mark.parametrize("other", [b"X" * 500, b"short"])
    def test_results_that_changed_meanwhile_are_not_mixed(
        self, client: Client, service: FakeService, other: bytes
    ) -> None:
        service.upsets = deque([cut(b"".join(LINES)[:60]), httpx.Response(200, content=other)])
        with pytest.raises(UnexpectedAnswerError, match="changed"):
            list(client.jobs.attach(JOB).results_bytes(ResultFormat.JSON))
