"""Which of several media types a client gets for its ``Accept`` header (RFC 9110, 12.5.1)."""

from collections.abc import Sequence

_EXACT, _RANGE, _ANYTHING = 2, 1, 0


def preferred(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the offered type that ``accept`` likes best, the first among equals.

    None if it takes none of them; a client that says nothing takes all.
    """
    if not (accept or "").strip():
        return offered[0]
    ranges = [_parse_range(part) for part in (accept or "").split(",")]
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    return best if _quality(best, ranges) > 0 else None


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
