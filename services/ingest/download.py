"""One photo from a hostile URL to a spooled file: guarded, bounded, recognised by its content."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

import httpcore
import httpx

from services.common.config import FetchSettings
from services.common.domain.errors import HferError, ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.common.net.connector import TooManyBytesError, guarded_client
from services.common.net.guard import UrlBlockedError, fetch_policy
from services.common.net.resolver import Resolver, system_resolver
from services.common.net.retry_after import parse_retry_after
from services.imaging.formats import HEAD_BYTES, require_format

_MEMORY_BYTES = 1_000_000
_STEP = 65_536
# Headers of six answers, and the pages that come with redirects.
_BESIDES_PHOTO = 500_000
_OK = 200
# One sentence for a name that nobody knows, one that leads to a refused address and a server that
# is away: users could ask by our names which hosts our network has.
UNREACHABLE = "No server of the URL could be reached at a public address."
# RFC 9110, 6585 and 8470: ask again. Every other answer stays what it is.
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class TryLaterError(HferError):
    """The photo may be had later; ``after_s`` when the server said how much later."""

    code = "try-later"

    def __init__(self, detail: str, *, after_s: float | None = None) -> None:
        super().__init__(detail)
        self.after_s = after_s


@dataclass(slots=True)
class DownloadedPhoto:
    """A photo as it came. ``file`` is at its start, to be closed by the caller."""

    file: BinaryIO
    sha256: bytes
    byte_count: int


class Downloader:
    """Fetches photos. Threads may share it: every photo has a client of its own."""

    def __init__(
        self,
        settings: FetchSettings,
        *,
        limits: PhotoLimits,
        resolver: Resolver = system_resolver,
        connector: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._settings = settings
        self._policy = fetch_policy(settings)
        self._limits = limits
        self._resolver = resolver
        self._connector = connector

    def fetch(self, url: str) -> DownloadedPhoto:
        """Download a photo.

        Raises:
            ItemError: FETCH_BLOCKED, FETCH_FAILED, EMPTY, TOO_LARGE or UNSUPPORTED_FORMAT.
            TryLaterError: the server, or the network on the way to it, failed.
            OSError: the temporary folder takes no more.
        """
        spool = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - handed to the caller
        try:
            with _translated(self._limits), self._client() as client:
                return self._receive(client, url, cast("IO[bytes]", spool))
        except BaseException:
            spool.close()
            raise

    def _client(self) -> httpx.Client:
        return guarded_client(
            self._policy,
            total_s=self._settings.total_s,
            total_bytes=self._limits.photo_bytes + _BESIDES_PHOTO,
            step_s=self._settings.step_s,
            follow_redirects=True,
            resolver=self._resolver,
            connector=self._connector,
        )

    def _receive(self, client: httpx.Client, url: str, spool: IO[bytes]) -> DownloadedPhoto:
        digest, size, head = hashlib.sha256(), 0, b""
        with client.stream("GET", url) as response:
            self._check_answer(response)
            for chunk in response.iter_raw(_STEP):
                digest.update(chunk)
                size += len(chunk)
                if len(head) < HEAD_BYTES:
                    head += chunk[:HEAD_BYTES]
                    self._check_format(head, whole=False)
                self._check_size(size)
                spool.write(chunk)
        if not size:
            raise ItemError(ItemErrorCode.EMPTY, "The URL gives an empty file.")
        self._check_format(head, whole=True)
        spool.seek(0)
        return DownloadedPhoto(cast("BinaryIO", spool), digest.digest(), size)

    def _check_answer(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _TRANSIENT_STATUSES:
            after_s = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
            raise TryLaterError(f"The server of the URL answered {status}.", after_s=after_s)
        if status != _OK:
            raise ItemError(
                ItemErrorCode.FETCH_FAILED,
                f"The server of the URL answered {status}; name a URL that gives the photo.",
            )
        declared = response.headers.get("Content-Length", "")
        if declared.isascii() and declared.isdigit():
            self._check_size(int(declared))

    def _check_size(self, size: int) -> None:
        if size > self._limits.photo_bytes:
            raise _too_large(self._limits)

    def _check_format(self, head: bytes, *, whole: bool) -> None:
        """Refuse what is no photo from its first bytes on: it is not stored."""
        if whole or len(head) >= HEAD_BYTES:
            require_format(head, self._limits.formats, subject="The file at the URL")


@contextmanager
def _translated(limits: PhotoLimits) -> Iterator[None]:
    """Turn the guard's and httpx's errors into what becomes of the photo."""
    try:
        yield
    except (UrlBlockedError, httpx.UnsupportedProtocol) as error:
        detail = getattr(error, "detail", "A redirect of the URL leads away from the web.")
        raise ItemError(ItemErrorCode.FETCH_BLOCKED, detail) from error
    except TooManyBytesError as error:
        raise _too_large(limits) from error
    # UnicodeError: a redirect to an xn-- name that is none, which httpx lets through as it is.
    except (
        httpx.TooManyRedirects,
        httpx.InvalidURL,
        httpx.LocalProtocolError,
        UnicodeError,
    ) as error:
        raise ItemError(
            ItemErrorCode.FETCH_FAILED, "The URL leads nowhere; name the photo's own URL."
        ) from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise TryLaterError(UNREACHABLE) from error
    except httpx.TimeoutException as error:
        raise TryLaterError("The server of the URL did not answer in time.") from error
    except httpx.RemoteProtocolError as error:
        raise TryLaterError("The server of the URL broke off its answer.") from error
    except httpx.TransportError as error:
        raise TryLaterError("The connection to the server of the URL broke.") from error


def _too_large(limits: PhotoLimits) -> ItemError:
    return ItemError(
        ItemErrorCode.TOO_LARGE,
        f"The URL gives more than {limits.photo_bytes} bytes, the limit of a photo.",
    )
