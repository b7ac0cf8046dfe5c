"""API keys as the service answers them; every field has a default."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class KeyPurpose:
    """What a key is for, as whoever made it declared.

    ``exception`` (``medical`` or ``safety``) is why ``workplace`` or ``education`` is allowed.
    """

    name: str = ""
    exception: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a tenant.

    Attributes:
        id: ``key_…``, the same after a roll.
        name: what whoever made it called it.
        tenant: whose jobs it sees.
        prefix: the first characters of its secret.
        former_prefix: those of the secret before, once it was rolled.
        former_until: until then the secret before works as well.
        scopes: what it may do.
        purpose: what it is for, if that was declared.
        output: ``full``; ``blurred``: it sees no picture in which a face can be recognised;
            ``aggregate``: it sees counts of expressions and no face.
        created_at: when it was made.
        expires_at: when it stops working.
        last_used_at: to the minute.
        revoked_at: when it was revoked.
        secret: ``hfer_…``, in the answers to `create` and `roll` alone.
    """

    id: str = ""
    name: str = ""
    tenant: str = ""
    prefix: str = ""
    former_prefix: str | None = None
    former_until: datetime | None = None
    scopes: tuple[str, ...] = ()
    purpose: KeyPurpose | None = None
    output: str = "full"
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    secret: str | None = None
