"""Presigned URLs: the arithmetic of Signature Version 4, and what is signed."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from services.common.config import StorageSettings
from services.common.storage_urls import UrlSigner, build_url_signer

NOW = datetime(2013, 5, 24, tzinfo=UTC)
SETTINGS: dict[str, Any] = {"endpoint": "minio:9000", "access_key": "a", "secret_key": "s"}


def signer(base: str = "https://s3.amazonaws.com") -> UrlSigner:
    return UrlSigner(
        base,
        bucket="examplebucket",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )


def query(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


class TestSignature:
    def test_is_that_of_amazons_published_example(self) -> None:
        # "Authenticating Requests: Using Query Parameters" in the S3 API reference.
        host = "examplebucket.s3.amazonaws.com"
        url = signer(f"https://{host}")._presign(
            "GET", "/test.txt", signed={"host": host}, seconds=86_400, now=NOW
        )
        assert url.startswith(f"https://{host}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
        assert query(url)["X-Amz-Signature"] == (
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )

    def test_covers_length_host_key_time_and_expiry(self) -> None:
        urls = [
            signer().put("k", size=5, seconds=60, now=NOW),
            signer().put("k", size=6, seconds=60, now=NOW),
            signer().put("l", size=5, seconds=60, now=NOW),
            signer().put("k", size=5, seconds=61, now=NOW),
            signer().put("k", size=5, seconds=60, now=NOW.replace(day=25)),
            signer("https://other.example").put("k", size=5, seconds=60, now=NOW),
        ]
        assert len({query(url)["X-Amz-Signature"] for url in urls}) == len(urls)
        assert query(urls[0])["X-Amz-SignedHeaders"] == "content-length;host"
        assert query(urls[0])["X-Amz-Expires"] == "60"

    def test_the_secret_is_never_in_the_url(self) -> None:
        assert "wJalr" not in signer().put("k", size=5, seconds=60)


class TestHost:
    @pytest.mark.parametrize(
        ("base", "start"),
        [
            ("https://s3.example.org", "https://s3.example.org/examplebucket/k?"),
            ("https://s3.example.org:443", "https://s3.example.org/examplebucket/k?"),
            ("http://localhost:80", "http://localhost/examplebucket/k?"),
            ("http://localhost:9000", "http://localhost:9000/examplebucket/k?"),
        ],
    )
    def test_is_the_one_that_clients_send(self, base: str, start: str) -> None:
        assert signer(base).put("k", size=5, seconds=60).startswith(start)

    def test_is_the_public_endpoint_if_there_is_one(self) -> None:
        inside = StorageSettings.model_validate({**SETTINGS, "secure": False})
        outside = inside.model_copy(update={"public_endpoint": "https://photos.example.org"})
        url = build_url_signer(inside).put("k", size=1, seconds=60)
        assert url.startswith("http://minio:9000/hfer/k?")
        url = build_url_signer(outside).put("k", size=1, seconds=60)
        assert url.startswith("https://photos.example.org/hfer/k?")

    @pytest.mark.parametrize("bad", ["minio:9000", "https://a/b", "ftp://a", "https://u@a", ""])
    def test_refuses_what_cannot_be_signed_for(self, bad: str) -> None:
        with pytest.raises(ValidationError):
            StorageSettings.model_validate({**SETTINGS, "public_endpoint": bad})
