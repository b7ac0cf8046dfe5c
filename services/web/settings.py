"""Settings of the page, read from ``HFER_WEB__*``. Nothing of the other services is known here."""

from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """All settings of the page; a contradiction ends the start with a sentence."""

    model_config = SettingsConfigDict(env_prefix="HFER_WEB__", frozen=True, extra="ignore")

    api_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^/?#@]+/?$",
        description="where the page reaches the API, with scheme, no path",
    )
    api_key: SecretStr = Field(description="key with jobs:read and jobs:write; never leaves here")
    admin_api_key: SecretStr | None = Field(
        default=None, description="key with models:admin; without it models are only shown"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8001, ge=0, le=65_535, description="0 takes a free one")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@]+/?$",
        description="how browsers reach the page when a proxy stands in front",
    )
    password: SecretStr | None = Field(default=None, description="who knows it may use the page")
    admin_password: SecretStr | None = Field(
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
    def secure(self) -> bool:
        """Whether browsers reach the page by TLS only."""
        return (self.public_url or "").startswith("https://")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
