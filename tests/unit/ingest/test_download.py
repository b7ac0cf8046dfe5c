"""A photo by URL, from a network in memory."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import pytest

from services.common.config import FetchSettings
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.ingest.download import (
    UNREACHABLE,
    DownloadedPhoto,
    Downloader,
    TryLaterError,
)
from tests.fixtures.network import FakeNames, FakeNetwork, redirect, reply

PUBLIC, OTHER, PRIVATE = "93.184.216.34", "93.184.216.35", "10.0.0.5"
URL = "https://photos.example.com/a.jpg"
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
LIMITS = PhotoLimits(photo_bytes=100_000)


def downloader(
    network: FakeNetwork, *, names: dict[str, list[list[str]]] | None = None, **settings: Any
) -> Downloader:
    return Downloader(
        FetchSettings(**settings),
        limits=LIMITS,
        resolver=FakeNames(names or {"photos.example.com": [[PUBLIC]]}),
        connector=network,
    )


@contextmanager
def fetched(
    *replies: bytes | Exception, url: str = URL, **options: Any
) -> Iterator[DownloadedPhoto]:
    photo = downloader(FakeNetwork({PUBLIC: list(replies)}), **options).fetch(url)
    try:
        yield photo
    finally:
        photo.file.close()


def refusal(*replies: bytes | Exception, url: str = URL, **options: Any) -> ItemErrorCode:
    with pytest.raises(ItemError) as caught, fetched(*replies, url=url, **options):
        pass
    return ItemErrorCode(caught.value.code)


def later(*replies: bytes | Exception, **options: Any) -> TryLaterError:
    with pytest.raises(TryLaterError) as caught, fetched(*replies, **options):
        pass
    return caught.value


def test_downloads_a_photo_and_its_hash() -> None:
    with fetched(reply(200, PHOTO)) as photo:
        assert photo.file.read() == PHOTO
        assert photo.sha256 == hashlib.sha256(PHOTO).digest()
        assert photo.byte_count == len(PHOTO)


def test_follows_redirects_that_stay_outside() -> None:
    with fetched(redirect("/b.jpg"), reply(200, PHOTO)) as photo:
        assert photo.byte_count == len(PHOTO)


# What leads to no public server, each by the names and the network that it needs.
NOWHERE: dict[str, dict[str, Any]] = {
    "unknown": {"names": {"other.example.com": [[PUBLIC]]}},
    "mixed": {"names": {"photos.example.com": [[PUBLIC, PRIVATE]]}},
    **{
        address: {"names": {"photos.example.com": [[address]]}}
        for address in ("127.0.0.1", PRIVATE, "169.254.169.254", "::1", "fd00:ec2::254")
    },
}


@pytest.mark.parametrize("kind", NOWHERE)
def test_a_name_that_leads_inside_is_told_like_one_that_nobody_knows(kind: str) -> None:
    error = later(reply(200, PHOTO), **NOWHERE[kind])
    assert (error.detail, error.after_s) == (UNREACHABLE, None)


def test_the_cause_that_operators_read_tells_them_apart() -> None:
    causes = {
        kind: str(later(reply(200, PHOTO), **NOWHERE[kind]).__cause__)
        for kind in ("unknown", PRIVATE)
    }
    assert "refused" in causes[PRIVATE]
    assert "refused" not in causes["unknown"]


@pytest.mark.parametrize("inside", [PRIVATE, "127.0.0.1"])
def test_a_redirect_to_a_name_that_leads_inside_is_told_like_one_that_nobody_knows(
    inside: str,
) -> None:
    hop = redirect("https://intranet.example.com/")
    known = {"photos.example.com": [[PUBLIC]]}
    leads_inside = later(hop, names={**known, "intranet.example.com": [[inside]]})
    assert leads_inside.detail == later(hop, names=known).detail == UNREACHABLE


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:10.0.0.5]/",
        "http://photos.example.com/a.jpg",
        "ftp://photos.example.com/a.jpg",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_that_leads_inside_is_blocked(location: str) -> None:
    assert refusal(redirect(location)) is ItemErrorCode.FETCH_BLOCKED


def test_a_name_server_that_changes_its_answer_is_told_the_same() -> None:
    names = {"photos.example.com": [[PUBLIC], ["127.0.0.1"]]}
    assert later(redirect("/b.jpg"), names=names).detail == UNREACHABLE


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410, 501])
def test_an_answer_that_stays_what_it_is_is_final(status: int) -> None:
    assert refusal(reply(status)) is ItemErrorCode.FETCH_FAILED


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    assert str(status) in later(reply(status)).detail


def test_tells_when_the_server_wants_to_be_asked_again() -> None:
    assert later(reply(503, retry_after="120")).after_s == 120.0
    assert later(reply(429)).after_s is None


@pytest.mark.parametrize(
    "trouble", [httpcore.ConnectError("refused"), httpcore.ConnectTimeout("late")]
)
def test_a_server_that_is_away_is_asked_again(trouble: Exception) -> None:
    assert later(trouble).detail == UNREACHABLE


def test_a_body_cut_short_is_asked_for_again() -> None:
    later(reply(200, PHOTO)[:-1])


@pytest.mark.parametrize("name", ["xn--a.com", f"xn--{'9' * 60}.com"])
def test_a_redirect_to_a_name_that_is_none_is_final(name: str) -> None:
    assert refusal(redirect(f"https://{name}/")) == ItemErrorCode.FETCH_FAILED


def test_a_retry_after_that_is_nonsense_is_no_retry_after() -> None:
    nonsense = "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"
    assert later(reply(503, retry_after=nonsense)).after_s is None


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000,
        b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_no_http_is_told_as_one_broken_off(answer: bytes) -> None:
    assert "broke off" in later(answer).detail


def test_endless_redirects_are_final() -> None:
    assert refusal(redirect("/again")) is ItemErrorCode.FETCH_FAILED


def test_a_declared_size_over_the_limit_is_refused_before_the_body() -> None:
    answer = reply(200, PHOTO, content_length="100001")
    assert refusal(answer) is ItemErrorCode.TOO_LARGE


def test_a_body_over_the_limit_is_refused_while_it_streams() -> None:
    endless = reply(200, PHOTO + bytes(100_000), content_length="")
    assert refusal(endless) is ItemErrorCode.TOO_LARGE


def test_redirects_do_not_add_up_to_more() -> None:
    page = reply(302, bytes(600_001), location="/b.jpg")
    assert refusal(page, reply(200, PHOTO)) is ItemErrorCode.TOO_LARGE


@pytest.mark.parametrize("body", [b"<!doctype html><html></html>", b"%PDF-1.7 0000", b"tiny"])
def test_what_is_no_photo_is_refused_by_its_first_bytes(body: bytes) -> None:
    assert refusal(reply(200, body)) is ItemErrorCode.UNSUPPORTED_FORMAT


def test_what_the_url_gives_is_named() -> None:
    page = reply(200, b"<!doctype html><html></html>")
    said = r"^The file at the URL is web page \(HTML\), which is not read; send JPEG"
    with pytest.raises(ItemError, match=said), fetched(page):
        pass


def test_an_empty_body_is_told_apart() -> None:
    assert refusal(reply(200)) is ItemErrorCode.EMPTY


def test_a_compressed_body_is_not_unpacked() -> None:
    import gzip

    packed = reply(200, gzip.compress(PHOTO), content_encoding="gzip")
    assert refusal(packed) is ItemErrorCode.UNSUPPORTED_FORMAT
