"""When to try again, and how long to wait before it. Pure: no clock, no randomness inside."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# 502 and 504 come from proxies in front of a service that is being restarted.
RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter; the service's ``Retry-After`` overrules it.

    Attributes:
        attempts: tries in all, the first one included.
        base_s: longest pause before the second try; doubled for each further one.
        cap_s: longest pause of our own choosing.
        retry_after_cap_s: a service that asks for a longer pause is not waited for.
    """

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 8.0
    retry_after_cap_s: float = 120.0

    def pause_s(
        self, attempt: int, *, retry_after_s: float | None, fraction: float
    ) -> float | None:
        """Return the pause after failed try number ``attempt`` (from 1); None gives up.

        ``fraction`` in 0..1 is the jitter: the pause lies between half and the whole of the
        backoff, so that clients cut off together do not return together.
        """
        if attempt >= self.attempts:
            return None
        if retry_after_s is not None:
            return retry_after_s if retry_after_s <= self.retry_after_cap_s else None
        backoff = min(self.cap_s, self.base_s * 2.0 ** (attempt - 1))
        return backoff * (0.5 + 0.5 * fraction)


# For what must not be done twice, and cannot be recognised when it is.
ONCE = RetryPolicy(attempts=1)

# A running job outlives a restart of the service: tries for about five minutes.
PATIENT = RetryPolicy(attempts=40)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read a ``Retry-After`` header (seconds or an HTTP date, RFC 9110 10.2.3) as seconds >= 0."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
