"""Streams: bounded, over at once when somebody goes; server-sent events taken apart."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.exceptions import HTTPException

from services.web.streams import Sent, Streams, parse_events


def parsed(text: str) -> list[Sent]:
    async def lines() -> AsyncIterator[str]:
        for line in text.splitlines():
            yield line

    async def run() -> list[Sent]:
        return [sent async for sent in parse_events(lines())]

    return asyncio.run(run())


def test_events_comments_and_numbers_are_told_apart() -> None:
    text = 'retry: 3000\n\n: ping\n\nevent: a\ndata: {"x":"b: c"}\nid: 7\n\ndata:1\n\nevent: cut'
    assert parsed(text) == [Sent(), Sent("a", '{"x":"b: c"}', "7"), Sent("message", "1")]


def test_a_frame_is_read_back_as_it_was() -> None:
    sent = Sent("state", '{"line": "1 of 4"}', "9")
    assert parsed(sent.frame.decode()) == [sent]
    assert parsed(Sent("ping", "{}").frame.decode()) == [Sent("ping", "{}")]


class TestStreams:
    def test_are_bounded_and_free_their_places(self) -> None:
        streams = Streams(most=1)
        with streams.admitted(), pytest.raises(HTTPException), streams.admitted():
            pass
        with streams.admitted():
            assert streams.open == 1

    @pytest.mark.parametrize("over", ["browser", "process"])
    def test_end_at_once_when_somebody_goes(self, over: str) -> None:
        async def run() -> list[bytes]:
            streams, sent, gone = Streams(), [], asyncio.Event()

            async def endless() -> AsyncIterator[bytes]:
                yield b"first"
                await asyncio.Event().wait()

            async def receive() -> dict[str, str]:
                await gone.wait()
                return {"type": "http.disconnect"}

            async def send(message: dict[str, object]) -> None:
                sent.append(message["body"])
                if message["body"]:
                    gone.set() if over == "browser" else streams.close()

            async with asyncio.timeout(5):
                await streams.pump(endless(), receive, send)  # type: ignore[arg-type]
            return sent  # type: ignore[return-value]

        assert asyncio.run(run()) == [b"first", b""]
