"""Numbers and times in words."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def percent(share: float | None, *, digits: int = 0) -> str:
    """Write 0..1 as percent; a dash for what is unknown. Never 100 % for less than all."""
    if share is None:
        return "–"
    rounded = round(share * 100, digits)
    if rounded == 100 and share < 1:  # noqa: PLR2004 - a whole
        return f"> {100 - 10**-digits:.{digits}f} %"
    return f"{rounded:.{digits}f} %"


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: ``1 photo``, ``2,000 photos``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """Write a length of time as people say it; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 10:  # noqa: PLR2004 - nobody counts them
        return "a few seconds"
    if seconds < 1.5 * _MINUTE:
        return f"about {round(seconds / 5) * 5} seconds"
    if seconds < 1.5 * _HOUR:
        return f"about {count(round(seconds / _MINUTE), 'minute')}"
    return f"about {seconds / _HOUR:.1f} hours"


def span(seconds: float) -> str:
    """Write a length of time that somebody chose: ``24 hours``, ``7 days``, ``30 minutes``."""
    if seconds < _HOUR:
        return count(max(1, round(seconds / _MINUTE)), "minute")
    if seconds <= 2 * _DAY:
        return count(round(seconds / _HOUR), "hour")
    return count(round(seconds / _DAY), "day")


def moment(text: str | None, *, now: datetime) -> str:
    """Write an RFC 3339 time relative to ``now``: ``3 minutes ago``, ``in 2 days``."""
    when = parse_time(text)
    if when is None:
        return ""
    away = (when - now).total_seconds()
    size = abs(away)
    if size < _MINUTE:
        return "just now" if away <= 0 else "in a moment"
    # What is over is counted in whole steps; what is to come, 29 days and 23 hours, is 30 days.
    whole = int if away < 0 else round
    if size < _HOUR:
        words = count(whole(size / _MINUTE), "minute")
    elif size < 2 * _DAY:
        words = count(whole(size / _HOUR), "hour")
    else:
        words = count(whole(size / _DAY), "day")
    return f"{words} ago" if away < 0 else f"in {words}"


def clock(text: str | None) -> str:
    """Write an RFC 3339 time as date and time in UTC; empty when there is none."""
    when = parse_time(text)
    return "" if when is None else when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def parse_time(text: str | None) -> datetime | None:
    """Read an RFC 3339 time; None for none or what is no time."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
