"""Settings of the page, read from ``HFER_WEB__*``. Nothing of the other services is known here."""

import re
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from services.http.settings import ConnectionSettings
from services.web.secret_files import SecretFileSettings

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _checked(secret: SecretStr) -> SecretStr:
    """Strip white space: a secret that is read from a file mostly ends with a newline."""
    text = secret.get_secret_value().strip()
    if not text:
        raise ValueError("is empty: give it a value, or leave the variable out.")
    if _CONTROL.search(text):
        raise ValueError("holds a line break or another control character: copy it anew.")
    return SecretStr(text)


def _sendable(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isascii():
        raise ValueError("holds a character that no API key has: copy it anew.")
    return secret


# As in services/common/environment.py, which the page may not import; one test holds both.
Secret = Annotated[SecretStr, AfterValidator(_checked)]
SecretApiKey = Annotated[Secret, AfterValidator(_sendable)]


class WebSettings(ConnectionSettings, SecretFileSettings):
    """All settings of the page; a contradiction ends the start with a sentence."""

    model_config = SettingsConfigDict(
        env_prefix="HFER_WEB__", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    api_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^/?#@]+/?$",
        description="where the page reaches the API, with scheme, no path",
    )
    api_key: SecretApiKey = Field(
        description="key with jobs:read, jobs:submit, jobs:erase and review; never leaves here"
    )
    admin_api_key: SecretApiKey | None = Field(
        default=None, description="key with models:admin; without it models are only shown"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8001, ge=0, le=65_535, description="0 takes a free one")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@]+(/[A-Za-z0-9._~-]+)*/?$",
        description="how browsers reach the page when a proxy stands in front, below a path prefix"
        " too",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="JSON list of networks whose X-Forwarded-For is believed: wrong passwords are"
        " counted by the addresses in it",
    )
    password: Secret | None = Field(default=None, description="who knows it may use the page")
    admin_password: Secret | None = Field(
        default=None, description="who knows it may activate models as well"
    )
    behind_login: bool = Field(
        default=False, description="a proxy in front lets only the right people through"
    )
    contact: str = Field(default="", description="whom photographed people turn to, in the notice")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.password or self.behind_login or is_loopback(self.host)):
            raise ValueError(
                f"The page would be open to everyone who reaches {self.host}: set"
                " HFER_WEB__PASSWORD, or HFER_WEB__BEHIND_LOGIN=true if a proxy asks who comes."
            )
        if self.password and self.admin_api_key and not self.admin_password:
            raise ValueError(
                "With HFER_WEB__PASSWORD, HFER_WEB__ADMIN_API_KEY needs HFER_WEB__ADMIN_PASSWORD:"
                " else nobody, or everybody, could change models."
            )
        return self

    @property
    def open_hosts(self) -> frozenset[str] | None:
        """Names under which the page answers; None means any.

        Without a password only these: a foreign site that points its own name at 127.0.0.1
        (DNS rebinding) would otherwise read and delete jobs through the visitor's browser.
        """
        if self.password or self.behind_login:
            return None
        named = urlsplit(self.public_url or "").hostname
        return frozenset({"localhost", "127.0.0.1", "::1", *([named] if named else [])})

    @property
    def prefix(self) -> str:
        """What precedes every path of the page in a browser; "" at the root of its host."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers reach the page by TLS only."""
        return (self.public_url or "").startswith("https://")


def sentences(error: ValidationError) -> list[str]:
    """Report each fault by the name of its variable and what to do, without any value."""
    return [_sentence(fault) for fault in error.errors(include_url=False, include_input=False)]


def _sentence(fault: ErrorDetails) -> str:
    name = "__".join(["HFER_WEB", *map(str, fault["loc"])]).upper()
    if fault["type"] == "missing":
        return f"{name} is not set: docs/configuration.md says what it holds."
    if fault["type"] == "value_error":
        cause = str(fault["ctx"]["error"])
        return f"{name} {cause}" if fault["loc"] else cause
    return f"{name}: {fault['msg']}."


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
