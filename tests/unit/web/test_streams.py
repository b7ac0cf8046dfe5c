"""Streams: bounded, over at once when somebody goes; events written."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.exceptions import HTTPException

from hfer.sse import Event, EventReader
from services.web.streams import Streams, frame


def test_a_frame_is_read_back_as_it_was() -> None:
    written = frame("state", '{"line": "1\\u2028 of 4"}', id="9") + frame("ping", "{}")
    assert EventReader().feed(written) == [
        Event("state", '{"line": "1\\u2028 of 4"}', "9"),
        Event("ping", "{}"),
    ]


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
