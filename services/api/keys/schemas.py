"""What API keys look like over HTTP."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.api.schemas import GivenTime, Input, ShortText, UtcTime, Whole
from services.common.db.key_tables import ApiKey
from services.common.domain.ids import IdKind, format_id
from services.common.keys.outputs import OutputMode
from services.common.keys.purposes import Purpose, PurposeException
from services.common.keys.service import Scope

KEY_EXAMPLE: dict[str, Any] = {
    "id": "key_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
    "name": "nightly batch",
    "tenant": "archive",
    "prefix": "hfer_prod_4f9c",
    "former_prefix": None,
    "former_until": None,
    "scopes": ["jobs:submit"],
    "purpose": {"name": "media", "exception": None, "note": "captions of our photo archive"},
    "output": "full",
    "created_at": "2026-11-23T07:00:00Z",
    "expires_at": "2027-11-23T07:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}
ISSUED_EXAMPLE = {**KEY_EXAMPLE, "secret": "hfer_prod_4f9c…"}

DAY_S = 86_400
LONGEST_OVERLAP_S = 30 * DAY_S

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}$")]


class KeyPurpose(Input):
    """What a key is for. Words of whoever makes it: what is done with it, nobody here sees.

    Inferring emotions of people at work and in education is prohibited in the EU (AI Act, Article
    5(1)(f)), save for medical or safety reasons: `workplace` and `education` need `exception` and
    `note`.
    """

    model_config = ConfigDict(
        strict=False,
        json_schema_extra={"example": {"name": "media", "note": "captions of our photo archive"}},
    )

    name: Purpose
    exception: PurposeException | None = Field(
        default=None, description="why `workplace` or `education` is allowed here"
    )
    note: ShortText | None = Field(
        default=None, description="in words; needed for `other` and with `exception`"
    )


class NewKey(Input):
    """A key to be made."""

    # Not strict like other inputs: an enum has no other form in JSON than a string.
    model_config = ConfigDict(
        strict=False,
        json_schema_extra={
            "example": {"name": "nightly batch", "scopes": ["jobs:submit", "jobs:read"]}
        },
    )

    name: Name
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=len(Scope),
        description="`jobs:write` is `jobs:submit`, `jobs:erase` and changing webhook endpoints"
        " in one, for programs of before these",
    )
    tenant: Name | None = Field(default=None, description="yours when left out")
    expires_at: GivenTime | None = Field(
        default=None, description="RFC 3339; from then on the key is refused. Never when left out"
    )
    purpose: KeyPurpose | None = None
    output: OutputMode = Field(
        default=OutputMode.FULL,
        description="`blurred`: every picture with its faces blurred; `aggregate`: of faces only"
        " `GET /v1/jobs/{job_id}/counts`, no pictures, events"
        " or rows of results; not with `admin`, which may make other keys",
    )


class KeyChange(Input):
    """What to change of a key; what is left out stays."""

    model_config = ConfigDict(
        strict=False,  # enums and times have no other form in JSON than a string
        json_schema_extra={"minProperties": 1, "example": {"output": "blurred"}},
    )

    name: Name | None = None
    purpose: KeyPurpose | None = None
    output: OutputMode | None = Field(default=None, description="not with `admin`, but for `full`")
    expires_at: GivenTime | None = Field(
        default=None, description="RFC 3339, be the key expired or not; null: never"
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        nulls = {name for name in self.model_fields_set if getattr(self, name) is None}
        if nulls - {"expires_at"}:
            raise ValueError("only expires_at may be null")
        if not self.model_fields_set:
            raise ValueError("name what is to be changed")
        return self


class KeyRoll(Input):
    """How a key changes over to another secret."""

    model_config = ConfigDict(
        strict=False,  # a time has no other form in JSON than a string
        json_schema_extra={"example": {"overlap_s": 3600}},
    )

    overlap_s: Whole = Field(
        default=DAY_S,
        ge=0,
        le=LONGEST_OVERLAP_S,
        description="how long the present secret works on; 0 stops it at once",
    )
    expires_at: GivenTime | None = Field(
        default=None, description="RFC 3339; the key's expiry stays when left out"
    )


class KeyObject(BaseModel):
    """An API key, without its secret."""

    model_config = ConfigDict(json_schema_extra={"example": KEY_EXAMPLE})

    id: str
    name: str
    tenant: str
    prefix: str = Field(description="first characters of the secret")
    former_prefix: str | None = Field(description="of the secret before, once the key was rolled")
    former_until: UtcTime | None = Field(description="until then the secret before works as well")
    scopes: list[str]
    purpose: KeyPurpose | None = Field(description="null when none was declared")
    output: OutputMode
    created_at: UtcTime
    expires_at: UtcTime | None
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
                "name": "nightly batch",
                "tenant": "default",
                "scopes": ["jobs:read", "jobs:submit"],
                "output": "full",
                "expires_at": None,
            }
        }
    )

    id: str = Field(examples=["key_01936fd2c0a27b6e8f3a5b7c9d1e2f32"])
    name: str
    tenant: str
    scopes: list[str] = Field(description="`admin` carries all others")
    output: OutputMode
    expires_at: UtcTime | None


def key_object(key: ApiKey) -> KeyObject:
    """Turn a row into its public form."""
    return KeyObject(
        id=format_id(IdKind.KEY, key.public_id),
        name=key.name,
        tenant=key.tenant,
        prefix=key.prefix,
        former_prefix=key.former_prefix,
        former_until=key.former_until,
        scopes=key.scopes,
        purpose=_purpose(key),
        output=OutputMode(key.output),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def _purpose(key: ApiKey) -> KeyPurpose | None:
    if key.purpose is None:
        return None
    exception = key.purpose_exception and PurposeException(key.purpose_exception)
    return KeyPurpose(name=Purpose(key.purpose), exception=exception or None, note=key.purpose_note)
