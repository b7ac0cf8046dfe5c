import pytest
from pydantic import ValidationError

from services.web.settings import WebSettings


def settings(**values: object) -> WebSettings:
    return WebSettings(**{"api_key": "k", **values})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "page.example.org"])  # noqa: S104 - the fault itself
def test_refuses_to_be_open_to_a_network(host: str) -> None:
    with pytest.raises(ValidationError, match="HFER_WEB__PASSWORD"):
        settings(host=host)
    assert settings(host=host, password="p").open_hosts is None
    assert settings(host=host, behind_login=True).open_hosts is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_is_open_on_loopback(host: str) -> None:
    assert settings(host=host).open_hosts == {"localhost", "127.0.0.1", "::1"}


def test_answers_under_its_public_name() -> None:
    chosen = settings(public_url="https://page.example.org")
    assert "page.example.org" in (chosen.open_hosts or ())
    assert chosen.secure


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        (None, ""),
        ("https://page.example.org/", ""),
        ("https://example.org/faces/hfer/", "/faces/hfer"),
    ],
)
def test_may_lie_below_a_prefix(url: str | None, prefix: str) -> None:
    assert settings(public_url=url).prefix == prefix


@pytest.mark.parametrize(
    "url", ["page.example.org", "https://h/a b", "https://h/a//b", "https://h/?a"]
)
def test_refuses_an_address_that_browsers_cannot_use(url: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        settings(public_url=url)


def test_needs_a_password_of_administrators_beside_that_of_users() -> None:
    with pytest.raises(ValidationError, match="HFER_WEB__ADMIN_PASSWORD"):
        settings(password="p", admin_api_key="a")
    assert settings(password="p", admin_api_key="a", admin_password="q").admin_api_key


def test_shows_no_secret() -> None:
    shown = repr(settings(api_key="sesame", password="open", admin_password="wide"))
    assert not [secret for secret in ("sesame", "open'", "wide") if secret in shown]
