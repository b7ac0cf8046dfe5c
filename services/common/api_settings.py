"""What a deployment sets of the HTTP service."""

from functools import cached_property
from typing import Annotated

from pydantic import Field, IPvAnyNetwork, StringConstraints

from services.common.environment import Group, SecretApiKey
from services.http.settings import ConnectionSettings

Origin = Annotated[str, StringConstraints(pattern=r"^(\*|https?://[^/?#@\s]+)$")]


class ApiSettings(ConnectionSettings, Group):
    """The HTTP service."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65_535, description="0 takes a free one")
    public_url: str | None = Field(
        default=None,
        pattern=r"^(https?://[^/?#@\s]+(/[A-Za-z0-9._~-]+)*/?)?$",
        description="how clients reach the API, below a path prefix too: absolute base of links,"
        " Location, redirects and problem types",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="JSON list of networks whose X-Forwarded-Proto, -Host, -Prefix and -For are"
        " believed where no public URL is set",
    )
    cors_origins: tuple[Origin, ...] = Field(
        default=(),
        description='JSON list of origins whose scripts may call the API from a browser; `["*"]`'
        " for all",
    )
    admin_key: SecretApiKey | None = Field(
        default=None,
        description="bootstrap admin key; its hash is stored at start, a revoked one stays so",
    )
    queue_cap_photos: int = Field(default=200_000, ge=1, description="open photos per tenant")
    upload_url_s: int = Field(
        default=3_600, ge=1, le=604_800, description="how long a presigned URL holds"
    )
    listeners: int = Field(
        default=50, ge=1, description="open event streams per tenant and process"
    )

    @cached_property
    def public_base(self) -> str:
        """What precedes the paths of links: the public URL without its last slash, or nothing."""
        return (self.public_url or "").rstrip("/")
