"""HTTP to hostile URLs: every hop checked, every name resolved once and pinned, all time bounded.

`guarded_client` makes an `httpx.Client` for one exchange, its redirects included:

- each request, so each redirect, passes `check_url`;
- a name is resolved once per connection, all its addresses are checked, and the socket goes to
  one of those checked, so that a second answer of the name server (DNS rebinding) is never
  asked for; Host header, SNI and certificate check keep the name;
- a name that leads to a refused address fails like one that nobody knows, and like a server that
  is away: else users could ask by our names which hosts our network has;
- no proxy and no ``.netrc`` from the environment, no cookies kept, nothing decompressed;
- no byte is waited for past ``total_s``, however slowly they drip, and no more than
  ``total_bytes`` are taken in, also as the body of a redirect, which httpx reads whole.
"""

import ssl
import time
from collections.abc import Callable, Iterable
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx

from services.common.domain.errors import HferError
from services.common.net.guard import (
    UrlBlockedError,
    UrlPolicy,
    check_url,
    is_allowed,
    parse_address,
)
from services.common.net.resolver import Resolver, system_resolver

MAX_REDIRECTS = 5
# A name with more addresses than this has other ways to be reached than the later ones.
_MAX_TRIED = 4
_HEADERS = {"User-Agent": "hfer", "Accept": "*/*", "Accept-Encoding": "identity"}


class TooManyBytesError(HferError):
    """The other side sends more than it may."""

    code = "too-many-bytes"


def guarded_client(
    policy: UrlPolicy,
    *,
    total_s: float,
    total_bytes: int,
    step_s: float = 10.0,
    follow_redirects: bool = False,
    resolver: Resolver = system_resolver,
    connector: httpcore.NetworkBackend | None = None,
    verify: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> httpx.Client:
    """Build the client of one exchange; use it in a ``with`` block.

    Requests, and reading their answers, raise `UrlBlockedError` for what must not be spoken to,
    `TooManyBytesError`, and httpx's own errors.

    Args:
        policy: what may be spoken to.
        total_s: seconds from now on after which everything times out.
        total_bytes: most bytes to receive, headers and redirects included.
        step_s: longest wait for one connection or one read.
        follow_redirects: up to 5 of them, each checked like the first URL.
        resolver: names to addresses.
        connector: opens the sockets; it is only ever given checked addresses.
        verify: certificates to trust in place of certifi's.
        clock: seconds, monotonic.
    """
    backend = _PinningBackend(
        policy,
        resolver=resolver,
        connector=connector or httpcore.SyncBackend(),
        budget=_Budget(clock() + total_s, total_bytes, clock),
    )
    return httpx.Client(
        transport=_GuardedTransport(policy, backend, verify or _public_certificates()),
        headers=_HEADERS,
        timeout=step_s,
        follow_redirects=follow_redirects,
        max_redirects=MAX_REDIRECTS,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
    )


class _Budget:
    """What an exchange may still spend: time and received bytes."""

    def __init__(self, until: float, total_bytes: int, clock: Callable[[], float]) -> None:
        self._until = until
        self._bytes_left = total_bytes
        self._clock = clock

    def cap(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        """Shorten ``timeout`` to what is left; raises ``late`` when nothing is."""
        left = self._until - self._clock()
        if left <= 0:
            raise late("the time for the whole exchange is over")
        return left if timeout is None else min(timeout, left)

    def take(self, data: bytes) -> bytes:
        """Count received bytes.

        Raises:
            TooManyBytesError: these are more than were left.
        """
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise TooManyBytesError("The other side sends more bytes than it may.")
        return data


class _GuardedTransport(httpx.HTTPTransport):
    """httpx's transport on a pool of ours. Redirects come back here as requests of their own."""

    def __init__(
        self, policy: UrlPolicy, backend: "_PinningBackend", verify: ssl.SSLContext
    ) -> None:
        super().__init__(verify=verify, trust_env=False)
        self._policy = policy
        # httpx has no argument for a network backend; its pool is replaced before any use.
        self._pool = httpcore.ConnectionPool(ssl_context=verify, network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        check_url(request.url, self._policy)
        response = super().handle_request(request)
        # We asked for none; without this header httpx does not unpack a bomb of one.
        response.headers.pop("Content-Encoding", None)
        return response


class _PinningBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks every address of it and connects to one of those."""

    def __init__(
        self,
        policy: UrlPolicy,
        *,
        resolver: Resolver,
        connector: httpcore.NetworkBackend,
        budget: _Budget,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._connector = connector
        self._budget = budget

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the host name has no address")
        for address in self._addresses(host, port, timeout)[:_MAX_TRIED]:
            try:
                stream = self._connector.connect_tcp(
                    address,
                    port,
                    timeout=self._budget.cap(timeout, httpcore.ConnectTimeout),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _BoundedStream(stream, self._budget)
        raise failure

    def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.NetworkStream:
        raise UrlBlockedError("Unix sockets are not spoken to.")

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        if parse_address(host) is not None:
            return [host]  # checked with its URL
        found = self._resolver(host, port, self._budget.cap(timeout, httpcore.ConnectTimeout))
        for text in found:
            address = parse_address(text)
            # One bad address among good ones is an attack or a split horizon: refused whole.
            if address is None or not is_allowed(address, self._policy):
                raise httpcore.ConnectError("the host name leads to an address that is refused")
        return found


class _BoundedStream(httpcore.NetworkStream):
    """A stream that spends the budget."""

    def __init__(self, inner: httpcore.NetworkStream, budget: _Budget) -> None:
        self._inner = inner
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        capped = self._budget.cap(timeout, httpcore.ReadTimeout)
        return self._budget.take(self._inner.read(max_bytes, capped))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._budget.cap(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        capped = self._budget.cap(timeout, httpcore.ConnectTimeout)
        secured = self._inner.start_tls(ssl_context, server_hostname, capped)
        return _BoundedStream(secured, self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


@cache
def _public_certificates() -> ssl.SSLContext:
    """certifi's, read once: a context costs 15 ms."""
    return httpx.create_ssl_context(trust_env=False)
