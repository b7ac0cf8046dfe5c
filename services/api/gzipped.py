"""Bodies that are streamed, packed by gzip for who takes that (RFC 9110, 8.4.1.3)."""

import zlib
from collections.abc import Iterator

from services.api.accept import preferred

GZIP = "gzip"
# JSON Lines of 2,000 photos, 2.9 MB, are 0.9 MB in 24 ms of a core; level 6 makes 0.8 in 79 ms.
_LEVEL = 1
# zlib's window of 32 kB, with gzip's head and sum around.
_WINDOW = 15 + 16


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether a client asks for gzip; who says nothing might take it, and is not sent it."""
    return bool(accept_encoding) and preferred(accept_encoding, [GZIP]) is not None


def packed(
    body: Iterator[bytes], accept_encoding: str | None
) -> tuple[Iterator[bytes], dict[str, str]]:
    """Return the body as a client takes it, and the headers that say so."""
    varies = {"Vary": "Accept, Accept-Encoding"}
    if takes_gzip(accept_encoding):
        return gzipped(body), {**varies, "Content-Encoding": GZIP}
    return body, varies


def gzipped(body: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces of ``body``, packed; the work is done where they are made, in a thread."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW)
    for piece in body:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
