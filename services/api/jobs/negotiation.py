"""Which format of results a client gets: ``?format=`` first, then ``Accept`` (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from enum import StrEnum

_EXACT, _RANGE, _ANYTHING = 2, 1, 0


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
    if not (accept or "").strip():
        return ResultFormat.JSON
    ranges = [_parse_range(part) for part in (accept or "").split(",")]
    qualities = {fmt: _quality(fmt.media_type, ranges) for fmt in ResultFormat}
    best = max(ResultFormat, key=lambda fmt: qualities[fmt])
    return best if qualities[best] > 0 else None


def _parse_range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            quality = _parse_quality(value)
    return media.lower(), quality


def _parse_quality(value: str) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality that the most specific fitting range gives to ``media_type``."""
    fitting = [
        (specificity, quality)
        for media, quality in ranges
        if (specificity := _specificity(media, media_type)) is not None
    ]
    return max(fitting, default=(0, 0.0))[1]


def _specificity(media: str, media_type: str) -> int | None:
    if media == media_type:
        return _EXACT
    if media == media_type.partition("/")[0] + "/*":
        return _RANGE
    return _ANYTHING if media == "*/*" else None
