"""The stream of a job's state without a browser: what is asked, passed on, refused, and ended."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from services.web.state import WebState
from tests.fixtures.fake_service import job_json
from tests.fixtures.page import Visitor, WebApi, api_problem

EVENTS = "/v1/jobs/job_1/events"
LAST = str(2**63 - 1)


def sse(*frames: str) -> httpx.Response:
    headers = {"Content-Type": "text/event-stream"}
    return httpx.Response(200, content="".join(frames).encode(), headers=headers)


def event(kind: str, data: object, *, number: str = "") -> str:
    known = f"id: {number}\n" if number else ""
    return f"event: {kind}\ndata: {json.dumps(data)}\n{known}\n"


RUNNING = job_json("running", queued=3, succeeded=1) | {"eta_seconds": 120}
DONE = job_json("succeeded", succeeded=4)


class TestPassedOn:
    def test_states_come_in_words_with_the_time_left(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        web_api.answers["GET", EVENTS] = sse(
            "retry: 3000\n\n",
            event("item.finished", {"filename": "a.jpg"}, number="7"),
            event("job.progress", RUNNING),
            ": ping\n\n",
            event("job.finished", DONE, number=LAST),
        )
        answer = visitor.get("/jobs/job_1/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        retry, running, ping, done, rest = answer.text.split("\n\n")
        assert (retry, ping, rest) == ("retry: 3000", "event: ping\ndata: {}", "")
        assert "1 of 4 photos, about 2 minutes left" in running
        assert "a.jpg" not in answer.text
        assert done.endswith(f"id: {LAST}")
        assert '"final": true' in done

    @pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "é"])
    @pytest.mark.parametrize("size", [1, 2, 1000])
    def test_whatever_signs_a_name_and_a_label_hold(
        self, visitor: Visitor, web_api: WebApi, sign: str, size: int
    ) -> None:
        labels = {"name": f"Fair{sign}2026", f"k{sign}": f"v{sign}"}
        data = json.dumps(DONE | {"labels": labels}, ensure_ascii=False)
        # As the API sends it: JSON escapes control characters below U+0020, no others.
        body = f": ping\n\nevent: job.finished\ndata: {data}\nid: {LAST}\n\n".encode()

        async def blocks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), size):
                yield body[start : start + size]

        web_api.answers["GET", EVENTS] = httpx.Response(200, content=blocks())
        _retry, ping, done, rest = visitor.get("/jobs/job_1/events").text.split("\n\n")
        assert (ping, rest) == ("event: ping\ndata: {}", "")
        assert '"final": true' in done

    @pytest.mark.parametrize(("sent", "asked"), [(None, str(2**63 - 2)), (LAST, LAST)])
    def test_the_last_event_reaches_the_api_and_photos_are_not_asked_for(
        self, visitor: Visitor, web_api: WebApi, sent: str | None, asked: str
    ) -> None:
        web_api.answers["GET", EVENTS] = httpx.Response(204)
        headers = {"Last-Event-ID": sent} if sent else {}
        assert visitor.get("/jobs/job_1/events", headers=headers).status_code == 204
        assert web_api.sent("GET", EVENTS)[0].headers["last-event-id"] == asked

    def test_a_refusal_is_an_answer_and_no_stream(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", EVENTS] = api_problem(429, "rate-limited")
        assert visitor.get("/jobs/job_1/events").status_code == 429

    def test_a_stream_that_breaks_is_one_that_ended(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield event("job.progress", RUNNING).encode()
            raise httpx.ReadError("reset")

        web_api.answers["GET", EVENTS] = httpx.Response(200, content=broken())
        answer = visitor.get("/jobs/job_1/events")
        assert answer.status_code == 200
        assert "about 2 minutes left" in answer.text


def test_no_stream_begins_while_the_process_stops(visitor: Visitor, web_api: WebApi) -> None:
    state: WebState = visitor.app.state.web
    state.streams.close()
    assert visitor.get("/jobs/job_1/events").status_code == 503
    assert web_api.sent("GET", EVENTS) == []
