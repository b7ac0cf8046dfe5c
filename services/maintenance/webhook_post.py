"""One exchange with a receiver: bounded in time and bytes, and never an exception."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

import httpx

from services.common.domain.webhooks import AttemptResult
from services.common.net.connector import TooManyBytesError
from services.common.net.guard import UrlBlockedError
from services.common.net.retry_after import parse_retry_after
from services.common.webhooks.repositories.deliveries import Attempt

EXCERPT_BYTES = 1_000
# More than any honest head and the beginning of a page; a receiver that floods us is cut off.
ANSWER_BYTES = 256_000
_GONE = 410
_DETAIL_CHARS = 300


class OpenClient(Protocol):
    """Makes the guarded client of one exchange."""

    def __call__(self) -> httpx.Client:
        """Build it."""
        ...


def post(
    open_client: OpenClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    clock: Callable[[], float] = time.perf_counter,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Attempt:
    """Post ``body`` once and return how it went; the status counts, whatever its body does."""
    started = clock()
    exchange = _Exchange()
    try:
        with (
            open_client() as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as response,
        ):
            exchange.head(response, now=now())
            exchange.body(response)
    except UrlBlockedError as error:
        exchange.fault(AttemptResult.BLOCKED, error.detail)
    except httpx.TimeoutException:
        exchange.fault(AttemptResult.TIMEOUT, "The receiver did not answer in time.")
    except httpx.ConnectError:
        detail = "No connection could be made: is the receiver up, and its certificate valid?"
        exchange.fault(AttemptResult.UNREACHABLE, detail)
    except TooManyBytesError:
        exchange.fault(AttemptResult.UNREACHABLE, "The head of the receiver's answer is too long.")
    except httpx.HTTPError:
        exchange.fault(AttemptResult.UNREACHABLE, "The receiver's answer broke off or is no HTTP.")
    return exchange.attempt(milliseconds=(clock() - started) * 1_000)


class _Exchange:
    """What came of an exchange so far. A fault after the status changes nothing."""

    def __init__(self) -> None:
        self._result: AttemptResult | None = None
        self._status: int | None = None
        self._detail: str | None = None
        self._excerpt = b""
        self._retry_after_s: float | None = None

    def head(self, response: httpx.Response, *, now: datetime) -> None:
        self._status = response.status_code
        self._result = _result_of(response)
        self._retry_after_s = parse_retry_after(response.headers.get("Retry-After"), now=now)

    def body(self, response: httpx.Response) -> None:
        for block in response.iter_raw(EXCERPT_BYTES):
            self._excerpt += block
            if len(self._excerpt) >= EXCERPT_BYTES:
                break

    def fault(self, result: AttemptResult, detail: str) -> None:
        if self._result is None:
            self._result, self._detail = result, detail[:_DETAIL_CHARS]

    def attempt(self, *, milliseconds: float) -> Attempt:
        return Attempt(
            result=self._result or AttemptResult.UNREACHABLE,
            milliseconds=milliseconds,
            status_code=self._status,
            detail=self._detail,
            body=_text(self._excerpt[:EXCERPT_BYTES]) if self._status else None,
            retry_after_s=self._retry_after_s,
        )


def _result_of(response: httpx.Response) -> AttemptResult:
    if response.is_success:
        return AttemptResult.DELIVERED
    if response.status_code == _GONE:
        return AttemptResult.GONE
    return AttemptResult.REDIRECTED if response.has_redirect_location else AttemptResult.REFUSED


def _text(data: bytes) -> str:
    """Make bytes fit for the database, which takes no NUL."""
    return data.decode(errors="replace").replace("\x00", "\ufffd")
