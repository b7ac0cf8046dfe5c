"""Packing of streamed bodies."""

import gzip
from collections.abc import Iterator

import pytest

from services.api.gzipped import gzipped, takes_gzip


@pytest.mark.parametrize(
    ("accept_encoding", "takes"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("GZIP", True),
        ("*", False),
        ("gzip;q=0", False),
        ("br", False),
        ("identity", False),
        ("", False),
        (None, False),
    ],
)
def test_is_for_those_who_ask_for_it(accept_encoding: str | None, takes: bool) -> None:
    assert takes_gzip(accept_encoding) is takes


def test_gives_the_same_bytes_back() -> None:
    pieces = [b"", b"a" * 100_000, b"", b"b", bytes(range(256)) * 300]
    assert gzip.decompress(b"".join(gzipped(iter(pieces)))) == b"".join(pieces)
    assert gzip.decompress(b"".join(gzipped(iter(())))) == b""


def test_sends_while_the_body_is_being_made() -> None:
    made = 0

    def pages() -> Iterator[bytes]:
        nonlocal made
        for number in range(100):
            made = number
            yield bytes((number * step) % 251 for step in range(200_000))

    packed = gzipped(pages())
    assert next(packed)
    assert next(packed)
    assert made < 50
