"""Reading server-sent events (the part of the HTML standard that our service speaks)."""

from dataclasses import dataclass

from hfer._lines import LineCutter


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event; ``id`` is None when it has none of its own."""

    kind: str
    data: str
    id: str | None


class EventReader:
    """Puts events together from bytes; comments and unknown fields are passed over.

    An event that the end of the stream cut off is never given, as the standard wants it.
    """

    def __init__(self) -> None:
        self._lines = LineCutter()
        self._kind = ""
        self._id: str | None = None
        self._data: list[str] = []

    def feed(self, block: bytes) -> list[RawEvent]:
        """Take in a block, and return the events that it ended."""
        ended = (self._take(line) for line in self._lines.feed(block))
        return [event for event in ended if event is not None]

    def _take(self, line: str) -> RawEvent | None:
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value
        return None

    def _end(self) -> RawEvent | None:
        event = None
        if self._data:
            event = RawEvent(self._kind or "message", "\n".join(self._data), self._id)
        self._kind, self._id, self._data = "", None, []
        return event
