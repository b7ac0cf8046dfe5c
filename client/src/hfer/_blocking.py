"""The transport for code that blocks by nature: long listening, and webhook endpoints."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from hfer import _pages
from hfer._retry import RetryPolicy
from hfer._transport import Call, Transport
from hfer._wire import iterate, run
from hfer.errors import ServiceUnreachableError


class BlockingTransport:
    """A `Transport` over a `BlockingWire`, without any await."""

    def __init__(self, core: Transport) -> None:
        self._core = core

    def sleep(self, seconds: float) -> None:
        """Wait between tries."""
        run(self._core.wire.sleep(seconds))

    def send(self, call: Call, *, retry: RetryPolicy | None = None) -> httpx.Response:
        """Return the whole successful answer."""
        return run(self._core.send(call, retry=retry))

    def send_json(self, call: Call, *, retry: RetryPolicy | None = None) -> object:
        """Return the parsed JSON of a successful answer."""
        return run(self._core.send_json(call, retry=retry))

    def entries(self, path: str, *, query: Mapping[str, str] | None = None) -> Iterator[object]:
        """Iterate over a listing, page by page."""
        yield from iterate(_pages.entries(self._core, path, query=query))

    @contextmanager
    def stream(self, call: Call, *, retry: RetryPolicy | None = None) -> Iterator[httpx.Response]:
        """Give a successful answer whose body is still to be read; retries end at its headers."""
        response = run(self._core.open(call, retry=retry))
        try:
            yield response
        except httpx.TransportError as error:
            cause = str(error) or type(error).__name__
            raise ServiceUnreachableError(
                f"No answer from {self._core.base_url}: {cause}"
            ) from error
        finally:
            response.close()
