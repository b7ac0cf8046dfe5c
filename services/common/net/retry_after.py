"""What a server that is busy asks for."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# More is no time to wait for, and int and float have limits of their own.
_DIGITS = 9


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read a ``Retry-After`` header (seconds or an HTTP date, RFC 9110 10.2.3) as seconds >= 0.

    Returns:
        None when it is missing or says nothing.
    """
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:_DIGITS])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for a time zone of many digits
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
