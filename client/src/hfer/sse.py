"""Server-sent events, read from bytes: for this client and for the page, which imports it.

Of the HTML standard the part that our service speaks: no `retry`, and the caller keeps the last
id. Instead of httpx's lines: those end at U+2028, U+0085 and six more signs as well, which JSON
leaves as they are, so a job so named would tear its own events apart.
"""

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, or a comment, which only shows that the connection lives.

    Attributes:
        kind: ``message`` where the sender names none; empty for a comment.
        data: its lines, joined by line feeds.
        id: None when it has none of its own.
    """

    kind: str
    data: str = ""
    id: str | None = None


class EventReader:
    """Puts events together from bytes that may be cut anywhere; unknown fields are passed over.

    An event that the end of the stream cut off is never given, as the standard wants it.
    """

    def __init__(self) -> None:
        self._lines = _LineReader()
        self._fields: dict[str, str] = {}
        self._data: list[str] = []

    def feed(self, block: bytes) -> list[Event]:
        """Take in a block, and return the events and comments that it ended."""
        ended = (self._take(line) for line in self._lines.feed(block))
        return [event for event in ended if event is not None]

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        if not name:
            return Event("")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        else:
            self._fields[name] = value
        return None

    def _end(self) -> Event | None:
        fields, data = self._fields, self._data
        self._fields, self._data = {}, []
        if not data:
            return None
        return Event(fields.get("event") or "message", "\n".join(data), fields.get("id"))


class _LineReader:
    """Cuts UTF-8 at CR, LF and CRLF, and at nothing else."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False

    def feed(self, block: bytes) -> list[str]:
        if not block:
            return []
        # A line that CR ends is not held back for the LF that may follow in the next block.
        fresh = block.removeprefix(b"\n") if self._after_cr else block
        self._after_cr = block.endswith(b"\r")
        *whole, self._rest = _LINE_END.split(self._rest + fresh)
        return [line.decode(errors="replace") for line in whole]
