"""HTTP with retries: the only module that asks for anything.

Every request of this client may be repeated: reads and deletions by nature, a submit because
it carries an idempotency key. (What may not, such as a rollback, asks for a single try, and gets
another only where a limit refused it.) So one rule serves all: no answer, 429, 502, 503, 504 and
"the first try is still at work" are tried again (`hfer._retry`), anything else is an answer.
"""

import json
import logging
import random
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from hfer._proxies import proxy_of, way_to
from hfer._refusals import refusal
from hfer._retry import ONCE, RETRYABLE_STATUSES, RetryPolicy, parse_retry_after
from hfer._version import __version__
from hfer._wire import Sending, Wire
from hfer.errors import (
    ApiError,
    BrokenOffError,
    BucketError,
    HferError,
    RateLimitedError,
    ServiceUnreachableError,
    SettingsError,
    UnexpectedAnswerError,
    bare,
)

IN_PROGRESS = "idempotency-in-progress"
NOT_MODIFIED = 304

_log = logging.getLogger("hfer")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``body`` is iterated anew on every try, so it must not be a bare iterator.

    ``read_s`` is the longest silence of the answer, in place of the usual one.
    """

    method: str
    path: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterable[bytes] | None = None
    follow_redirects: bool = False
    read_s: float | None = None


def json_call(method: str, path: str, value: object) -> Call:
    """Make a call with a JSON body."""
    body = json.dumps(value).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return Call(method, path, headers=headers, body=(body,))


class Transport:
    """Sends calls to one service under one API key, over any `Wire`.

    Raises:
        SettingsError: the URL or the key cannot be right.
    """

    def __init__(self, base_url: str, api_key: str, *, wire: Wire, retry: RetryPolicy) -> None:
        self._base = service_url(base_url)
        self.base_url = str(self._base).rstrip("/")
        self.wire = wire
        self.retry = retry
        self._headers = {
            "Authorization": f"Bearer {_sendable(api_key)}",
            "User-Agent": f"hfer-client/{__version__}",
        }

    async def put(self, url: str, body: Iterable[bytes], *, size: int) -> None:
        """Put ``size`` bytes at a presigned URL; one try, because a URL may have expired.

        The bucket never sees the API key.

        Raises:
            BucketError: the bucket did not take them.
        """
        try:
            sending = Sending("PUT", httpx.URL(url), {"Content-Length": str(size)}, body)
            response = await self.wire.send(sending, whole=True)
        except httpx.InvalidURL as error:
            raise UnexpectedAnswerError(f"The service gave no usable URL: {error}") from error
        except httpx.RequestError as error:
            cause = str(error) or type(error).__name__
            way = way_to(httpx.URL(url), proxied=self.wire.proxied)
            raise BucketError(f"No answer from the bucket: {cause}{way}", answered=False) from bare(
                error
            )
        if not response.is_success:
            where = response.request.url.copy_with(query=None)
            wait = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
            raise BucketError(
                f"The bucket refused a photo: {response.status_code} at {where}",
                retry_after_s=wait,
            )

    async def send(self, call: Call, *, retry: RetryPolicy | None = None) -> httpx.Response:
        """Return the whole successful (or 304) answer.

        Raises:
            ApiError: the service refused.
            ServiceUnreachableError: no answer, after all tries.
            UnexpectedAnswerError: an answer that no HFER service gives.
        """
        return await self._answer(call, retry=retry or self.retry, whole=True)

    async def send_json(self, call: Call, *, retry: RetryPolicy | None = None) -> object:
        """Return the parsed JSON of a successful answer."""
        return parsed(await self.send(call, retry=retry))

    async def look(self, path: str) -> httpx.Response:
        """Return an answer whatever its status: one try.

        Raises:
            ServiceUnreachableError: no answer.
        """
        sending = Sending("GET", httpx.URL(self.base_url + path), self._headers)
        try:
            return await self.wire.send(sending, whole=True)
        except httpx.RequestError as error:
            raise self._unreachable(error) from bare(error)

    async def open(self, call: Call, *, retry: RetryPolicy | None = None) -> httpx.Response:
        """Return a successful answer whose body is still to be read, and closed."""
        return await self._answer(call, retry=retry or self.retry, whole=False)

    async def stream(
        self, call: Call, *, retry: RetryPolicy | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Iterate over a successful answer; retries end at its headers.

        Raises:
            BrokenOffError: the answer was cut.
        """
        response = await self.open(call, retry=retry)
        try:
            async with aclosing(self.wire.blocks(response)) as blocks:
                async for block in blocks:
                    yield block
        except httpx.RequestError as error:
            cause = str(error) or type(error).__name__
            raise BrokenOffError(f"{self.base_url} broke off its answer: {cause}") from bare(error)

    async def pause(
        self, failure: HferError, *, attempt: int, retry: RetryPolicy | None = None
    ) -> None:
        """Wait before the next try; raises ``failure`` when there is none."""
        jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
        asked = failure.retry_after_s if isinstance(failure, ApiError | BucketError) else None
        policy = retry or self.retry
        pause = policy.pause_s(attempt, retry_after_s=asked, fraction=jitter)
        if pause is None:
            raise failure
        _log.info("try %d failed, next in %.1f s: %s", attempt, pause, failure)
        await self.wire.sleep(pause)

    async def _answer(self, call: Call, *, retry: RetryPolicy, whole: bool) -> httpx.Response:
        attempt = 1
        while True:
            outcome = await self._try(call, whole=whole)
            if isinstance(outcome, httpx.Response):
                return outcome
            if not _may_pass(outcome):
                raise outcome
            # What was refused by a limit was not done, so even what must not be repeated may be.
            limited = isinstance(outcome, RateLimitedError) and retry is ONCE
            await self.pause(outcome, attempt=attempt, retry=self.retry if limited else retry)
            attempt += 1

    async def _try(self, call: Call, *, whole: bool) -> httpx.Response | HferError:
        url = httpx.URL(self.base_url + call.path, params=dict(call.query) or None)
        headers = {**self._headers, **call.headers}
        sending = Sending(call.method, url, headers, call.body, call.follow_redirects, call.read_s)
        try:
            response = await self.wire.send(sending, whole=whole)
        except httpx.TransportError as error:
            return self._unreachable(error)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            return UnexpectedAnswerError(f"{self.base_url} answered what no HFER does: {error}")
        if response.is_success or response.status_code == NOT_MODIFIED:
            return response
        return refusal(response, proxy=proxy_of(url) if self.wire.proxied else None)

    def _unreachable(self, error: httpx.RequestError) -> ServiceUnreachableError:
        cause = str(error) or type(error).__name__
        way = way_to(self._base, proxied=self.wire.proxied)
        return ServiceUnreachableError(f"No answer from {self.base_url}: {cause}{way}")


def service_url(text: str) -> httpx.URL:
    """Read the URL of a service.

    Raises:
        SettingsError: it is none.
    """
    if not text.startswith(("http://", "https://")):
        raise SettingsError(f"The URL of the service must be http(s)://…, not {text!r}")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise SettingsError(f"{text!r} is no URL of a service: {error}") from error
    if not url.host:
        raise SettingsError(f"{text!r} is no URL of a service: it names no host")
    return url


def _sendable(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise SettingsError("The API key is empty or holds signs that no key has; copy it anew.")
    return key


def _may_pass(failure: HferError) -> bool:
    if isinstance(failure, ApiError):
        return failure.status in RETRYABLE_STATUSES or failure.code == IN_PROGRESS
    return isinstance(failure, ServiceUnreachableError)


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
