"""A server whose event streams end when it is asked to stop; uploads have their drain.

The lifespan ends too late for that: uvicorn comes to it when the last response is over, and a
stream is over when its job is, so that each restart would take the whole drain.
"""

import socket
from collections.abc import Callable

import uvicorn


class StreamEndingServer(uvicorn.Server):
    """Calls ``end_streams`` at SIGTERM or Ctrl-C, before it waits for requests under way."""

    def __init__(self, config: uvicorn.Config, *, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop as uvicorn does."""
        self._end_streams()
        await super().shutdown(sockets)
