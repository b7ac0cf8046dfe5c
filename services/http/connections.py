"""Connections that cost more than they should: endless heads, trickled bodies, too many at once.

uvicorn 0.54 reads a request's head of any size, waits for head and body for ever and takes any
number of connections. Seen with one keyless client: another's GET took 56 s in place of 38 ms
while a head grew; 300 connections that had sent nothing were alive after 140 s; an upload that
came drop by drop held its room on the disk for 800 s.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.http.settings import ConnectionSettings

_REASONS = {
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_CHECKS = 10  # of a body, in its first `body_grace_s`


def limited(limits: ConnectionSettings) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with these limits, for ``uvicorn.Config(http=…)``.

    Up to 256 KiB more of a head than ``head_bytes`` may have been read when it is refused.
    """
    return type("LimitedProtocol", (_LimitedProtocol,), {"limits": limits})


class _LimitedProtocol(HttpToolsProtocol):
    limits: ConnectionSettings
    _timer: asyncio.TimerHandle | None = None
    _in_head = _in_body = False
    _read = 0
    _allowed_s = 0.0
    _began = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections and not self._close_an_idle_one():
            self._refuse(503, "There are too many connections; try again in a moment.")
            return
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless this is too much for a head."""
        if not self._in_head and not self._in_body:
            self._begin_head()  # or line breaks before it, which the parser does not tell of
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._read += len(data)
            if self._read > self.limits.head_bytes:
                self._refuse_head()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        if not self._in_head:
            self._begin_head()

    def on_headers_complete(self) -> None:
        """Go on to the body; a head that came whole and is too large ends here."""
        self._read = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if self._read > self.limits.head_bytes:
            raise _HeadTooLargeError  # the parser stops, and calls send_400_response
        self._stop_timer()
        self._in_head, self._in_body, self._read = False, True, 0
        self._began, self._allowed_s = self.loop.time(), self.limits.body_grace_s
        self._watch_body()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count it."""
        self._read += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request that is here as a whole."""
        self._stop_timer()
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request; 431 where its head was too large."""
        if self._in_head and self._read > self.limits.head_bytes:
            self._refuse_head()
        else:
            self._stop_timer()
            super().send_400_response(msg)

    def _begin_head(self) -> None:
        self._in_head, self._read = True, 0
        self._wait(self.limits.head_s, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._answering:  # another of the same connection, before this one
            self._wait(self.limits.head_s, self._head_is_late)
        else:
            self._refuse(408, f"The request's head took more than {self.limits.head_s:g} s.")

    def _watch_body(self) -> None:
        self._wait(self.limits.body_grace_s / _CHECKS, self._check_body)

    def _check_body(self) -> None:
        limits, passed_s = self.limits, self.loop.time() - self._began
        if self.flow.read_paused:
            self._allowed_s += limits.body_grace_s / _CHECKS  # it is we who are slow
        late = passed_s > self._allowed_s + self._read / limits.body_pace
        if late or passed_s > limits.body_s:
            pace = f"{limits.body_pace:,} bytes/s and {limits.body_s:,.0f} s"
            self._refuse(408, f"The request's body came too slowly: the limits are {pace}.")
        else:
            self._watch_body()

    @property
    def _answering(self) -> bool:
        # uvicorn's types hide that it is None before the first request.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def _wait(self, seconds: float, then: Any) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse_head(self) -> None:
        limit = self.limits.head_bytes
        self._refuse(431, f"The request's head is larger than {limit:,} bytes; send less of it.")

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer, if no answer has begun, and close: who is at work on it sees the client gone."""
        self._stop_timer()
        if not (self._answering and self.cycle.response_started):
            body = sentence.encode()
            head = (
                f"HTTP/1.1 {status} {_REASONS[status]}\r\nconnection: close\r\n"
                f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()

    def _close_an_idle_one(self) -> bool:
        """Close a connection that waits for its next request; False when all are at work."""
        for other in self.connections:
            idle: Any = other
            waits = getattr(idle, "timeout_keep_alive_task", None) is not None
            if waits and not idle.transport.is_closing():
                idle.transport.close()
                return True
        return False


class _HeadTooLargeError(Exception):
    """Ends the parser's work on a head."""
