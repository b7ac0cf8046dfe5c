"""Reading server-sent events (the part of the HTML standard that our service speaks)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event; ``id`` is None when it has none of its own."""

    kind: str
    data: str
    id: str | None


def read_events(lines: Iterable[str]) -> Iterator[RawEvent]:
    """Put events together from their lines; comments and unknown fields are passed over.

    An event that the end of the stream cut off is dropped, as the standard wants it.
    """
    kind, event_id = "", None
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield RawEvent(kind or "message", "\n".join(data), event_id)
            kind, data, event_id = "", [], None
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            event_id = value
