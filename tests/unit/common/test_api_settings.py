"""The public URL of the API, and whom it trusts and lets in by default: nobody."""

import pytest
from pydantic import ValidationError

from services.common.api_settings import ApiSettings


class TestPublicBase:
    @pytest.mark.parametrize(
        ("url", "base"),
        [
            (None, ""),
            ("https://hfer.example.org/", "https://hfer.example.org"),
            ("https://example.org/hfer", "https://example.org/hfer"),
        ],
    )
    def test_precedes_a_path(self, url: str | None, base: str) -> None:
        assert ApiSettings(public_url=url).public_base == base

    @pytest.mark.parametrize(
        "url", ["hfer.example.org", "ftp://h", "https://h/a//b", "https://h?a"]
    )
    def test_is_an_address(self, url: str) -> None:
        with pytest.raises(ValidationError, match="public_url"):
            ApiSettings(public_url=url)

    def test_may_be_empty_as_in_an_env_file(self) -> None:
        assert ApiSettings(public_url="").public_base == ""

    def test_is_made_once_and_not_for_every_link(self) -> None:
        settings = ApiSettings(public_url="https://hfer.example.org/")
        assert settings.public_base is settings.public_base


class TestTrust:
    def test_is_given_to_nobody_by_default(self) -> None:
        settings = ApiSettings()
        assert (settings.trusted_proxies, settings.cors_origins) == ((), ())

    @pytest.mark.parametrize("origin", ["album.example.org", "https://h/path", "null", ""])
    def test_an_origin_has_a_scheme_and_a_host_alone(self, origin: str) -> None:
        with pytest.raises(ValidationError, match="cors_origins"):
            ApiSettings.model_validate({"cors_origins": [origin]})
