"""Which format of results a client gets: ``?format=`` first, then ``Accept``."""

from enum import StrEnum

from services.api.accept import preferred


class ResultFormat(StrEnum):
    """How results are written."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """The format's media type."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ResultFormat.JSON: "application/json",
    ResultFormat.JSONL: "application/x-ndjson",
    ResultFormat.CSV: "text/csv",
}


def negotiate(accept: str | None) -> ResultFormat | None:
    """Return the format that ``accept`` likes best, JSON among equals; None if it takes none."""
    chosen = preferred(accept, [fmt.media_type for fmt in ResultFormat])
    return next((fmt for fmt in ResultFormat if fmt.media_type == chosen), None)
