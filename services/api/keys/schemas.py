"""What API keys look like over HTTP."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.schemas import Input, UtcTime
from services.common.db.tables import ApiKey
from services.common.domain.ids import IdKind, format_id
from services.common.keys.service import Scope

KEY_EXAMPLE: dict[str, Any] = {
    "id": "key_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
    "name": "nightly batch",
    "tenant": "archive",
    "prefix": "hfer_prod_4f9c",
    "scopes": ["jobs:write"],
    "created_at": "2026-11-23T07:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}
ISSUED_EXAMPLE = {**KEY_EXAMPLE, "secret": "hfer_prod_4f9c…"}

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}$")]


class NewKey(Input):
    """A key to be made."""

    # Not strict like other inputs: an enum has no other form in JSON than a string.
    model_config = ConfigDict(
        strict=False,
        json_schema_extra={"example": {"name": "nightly batch", "scopes": ["jobs:write"]}},
    )

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    tenant: Name | None = Field(default=None, description="yours when left out")


class KeyObject(BaseModel):
    """An API key, without its secret."""

    model_config = ConfigDict(json_schema_extra={"example": KEY_EXAMPLE})

    id: str
    name: str
    tenant: str
    prefix: str = Field(description="first characters of the secret")
    scopes: list[str]
    created_at: UtcTime
    last_used_at: UtcTime | None = Field(description="to the minute")
    revoked_at: UtcTime | None


class IssuedKeyObject(KeyObject):
    """A key just made: the only time that its secret is shown."""

    model_config = ConfigDict(json_schema_extra={"example": ISSUED_EXAMPLE})

    secret: str


class CallerObject(BaseModel):
    """The key that a request came with."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "key_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
                "tenant": "default",
                "scopes": ["jobs:read", "jobs:write"],
            }
        }
    )

    id: str = Field(examples=["key_01936fd2c0a27b6e8f3a5b7c9d1e2f32"])
    tenant: str
    scopes: list[str] = Field(description="`admin` carries all others")


def key_object(key: ApiKey) -> KeyObject:
    """Turn a row into its public form."""
    return KeyObject(
        id=format_id(IdKind.KEY, key.public_id),
        name=key.name,
        tenant=key.tenant,
        prefix=key.prefix,
        scopes=key.scopes,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
