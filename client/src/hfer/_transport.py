"""HTTP with retries: the only module that sends anything.

Every request of this client may be repeated: reads and deletions by nature, a submit because
it carries an idempotency key. (What may not, such as a rollback, asks for a single try.) So
one rule serves all: no answer, 429, 502, 503, 504 and "the first try is still at work" are
tried again (`hfer._retry`), anything else is an answer.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx

from hfer._codec import decode
from hfer._retry import RETRYABLE_STATUSES, RetryPolicy, parse_retry_after
from hfer._version import __version__
from hfer.errors import (
    ApiError,
    BucketError,
    HferError,
    Problem,
    ServiceUnreachableError,
    UnexpectedAnswerError,
    api_error,
)

IN_PROGRESS = "idempotency-in-progress"
NOT_MODIFIED = 304

# Reading waits longer than anything else: the last byte of a 1 GB upload is answered only when
# the service has stored it all.
TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=60.0, pool=60.0)

_log = logging.getLogger("hfer")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``body`` is iterated anew on every try, so it must not be a bare iterator.

    ``read_s`` is the longest silence of the answer, in place of the usual one.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterable[bytes] | None = None
    follow_redirects: bool = False
    read_s: float | None = None

    @property
    def timeout(self) -> httpx.Timeout:
        """How long each step may take."""
        if self.read_s is None:
            return TIMEOUT
        return httpx.Timeout(
            connect=TIMEOUT.connect, read=self.read_s, write=TIMEOUT.write, pool=TIMEOUT.pool
        )


def json_call(method: str, path: str, value: object) -> Call:
    """Make a call with a JSON body."""
    body = json.dumps(value).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return Call(method, path, headers=headers, body=(body,))


class Transport:
    """Sends calls to one service under one API key. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        retry: RetryPolicy,
        http_transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"The URL of the service must be http(s)://…, not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self.sleep = sleep
        self._retry = retry
        self._http = httpx.Client(
            base_url=self.base_url,
            headers={
                "Authorization": f"Bearer {api_key}",
                "User-Agent": f"hfer-client/{__version__}",
            },
            timeout=TIMEOUT,
            transport=http_transport,
        )
        # The bucket's client: it must never carry the API key.
        self._bucket = httpx.Client(timeout=TIMEOUT, transport=http_transport)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._bucket.close()

    def put(self, url: str, body: Iterable[bytes], *, size: int) -> None:
        """Put ``size`` bytes at a presigned URL; one try, because a URL may have expired.

        Raises:
            BucketError: the bucket did not take them.
        """
        try:
            response = self._bucket.put(url, content=body, headers={"Content-Length": str(size)})
        except httpx.TransportError as error:
            cause = str(error) or type(error).__name__
            raise BucketError(f"No answer from the bucket: {cause}") from error
        if not response.is_success:
            where = response.request.url.copy_with(query=None)
            raise BucketError(f"The bucket refused a photo: {response.status_code} at {where}")

    def send(self, call: Call, *, retry: RetryPolicy | None = None) -> httpx.Response:
        """Return the whole successful (or 304) answer.

        Raises:
            ApiError: the service refused.
            ServiceUnreachableError: no answer, after all tries.
        """
        return self._answer(call, retry=retry or self._retry, whole=True)

    def send_json(self, call: Call, *, retry: RetryPolicy | None = None) -> object:
        """Return the parsed JSON of a successful answer."""
        return parsed(self.send(call, retry=retry))

    @contextmanager
    def stream(self, call: Call, *, retry: RetryPolicy | None = None) -> Iterator[httpx.Response]:
        """Give a successful answer whose body is still to be read; retries end at its headers."""
        response = self._answer(call, retry=retry or self._retry, whole=False)
        try:
            yield response
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        finally:
            response.close()

    def _answer(self, call: Call, *, retry: RetryPolicy, whole: bool) -> httpx.Response:
        attempt = 1
        while True:
            outcome = self._try(call, whole=whole)
            if isinstance(outcome, httpx.Response):
                return outcome
            pause = self._pause_s(outcome, attempt=attempt, retry=retry)
            if pause is None:
                raise outcome
            _log.info("try %d of %s failed, next in %.1f s", attempt, call.path, pause)
            self.sleep(pause)
            attempt += 1

    def _try(self, call: Call, *, whole: bool) -> httpx.Response | HferError:
        request = self._http.build_request(
            call.method,
            call.path,
            params=dict(call.query) or None,
            headers=dict(call.headers),
            content=call.body,
            timeout=call.timeout,
        )
        try:
            response = self._http.send(request, stream=True, follow_redirects=call.follow_redirects)
            if whole or response.is_error:
                response.read()
        except httpx.TransportError as error:
            return self._unreachable(error)
        if response.is_success or response.status_code == NOT_MODIFIED:
            return response
        return _refusal(response)

    def _pause_s(self, failure: HferError, *, attempt: int, retry: RetryPolicy) -> float | None:
        asked: float | None = None
        if isinstance(failure, ApiError):
            if failure.status not in RETRYABLE_STATUSES and failure.code != IN_PROGRESS:
                return None
            asked = failure.retry_after_s
        jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
        return retry.pause_s(attempt, retry_after_s=asked, fraction=jitter)

    def _unreachable(self, error: httpx.TransportError) -> ServiceUnreachableError:
        cause = str(error) or type(error).__name__
        return ServiceUnreachableError(f"No answer from {self.base_url}: {cause}")


def parsed(response: httpx.Response) -> object:
    """Parse the JSON of an answer.

    Raises:
        UnexpectedAnswerError: it is no JSON, so it does not come from HFER.
    """
    try:
        return response.json()
    except ValueError as error:
        raise UnexpectedAnswerError(
            f"{response.request.url} answered {response.status_code} without JSON. "
            "Is this the URL of an HFER service?"
        ) from error


def _refusal(response: httpx.Response) -> ApiError:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = {}
    problem = decode(Problem, body)
    if not problem.request_id:
        problem = replace(problem, request_id=response.headers.get("X-Request-Id", ""))
    wait = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
    return api_error(problem, status=response.status_code, retry_after_s=wait)
