"""API keys: authenticate, issue, put the operator's own in place.

The secret of a key is made once, shown once and kept only as its SHA-256.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.orm import Session

from services.common.db.tables import ApiKey
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.tenants import TenantLimits
from services.common.keys.repository import KeyRepository

# No key made over HTTP can take this name: parentheses are refused there.
BOOTSTRAP_NAME = "bootstrap (HFER_API__ADMIN_KEY)"
BOOTSTRAP_TENANT = "default"
PAGE_NAME = "page (HFER_WEB__API_KEY)"
PAGE_TENANT = "page"

_ENTROPY_BYTES = 32
_VISIBLE_CHARS = 12
MIN_SECRET_CHARS = 24


class Scope(StrEnum):
    """What a key may do. ``admin`` is the operator of the deployment and may do everything."""

    JOBS_WRITE = "jobs:write"
    JOBS_READ = "jobs:read"
    MODELS_ADMIN = "models:admin"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request: the tenant whose jobs are visible, and what the key allows.

    ``key_id`` is the key's public id, for the records of who did what. ``limits`` are those of the
    tenant's own.
    """

    tenant: str
    scopes: frozenset[str]
    key_id: str
    limits: TenantLimits = field(default_factory=TenantLimits)

    def may(self, scope: Scope) -> bool:
        """Whether the key carries ``scope``; ``admin`` carries all of them."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A stored key with its secret, which exists only here and in the owner's hands."""

    key: ApiKey
    secret: str


def authenticate(session: Session, secret: str) -> Principal | None:
    """Return whose secret this is; None for an unknown or revoked one."""
    repository = KeyRepository(session)
    found = repository.live_by_hash(hash_secret(secret))
    if found is None:
        return None
    key, limits = found
    repository.touch(key.id)
    key_id = format_id(IdKind.KEY, key.public_id)
    return Principal(key.tenant, frozenset(key.scopes), key_id, limits)


def issue_key(
    session: Session, *, tenant: str, name: str, scopes: Iterable[Scope], environment: str
) -> IssuedKey:
    """Make a key for ``tenant``; ``environment`` (dev, prod) is part of the secret."""
    secret = new_secret(environment)
    key = KeyRepository(session).add(_row(secret, tenant=tenant, name=name, scopes=scopes))
    return IssuedKey(key, secret)


def ensure_bootstrap_key(session: Session, secret: str) -> None:
    """Make ``secret`` (the setting ``HFER_API__ADMIN_KEY``) work as the operator's key.

    The setting decides: a key it held before is revoked, the one it holds works again.

    Raises:
        ValueError: the secret is so short that its plain SHA-256 could be guessed.
    """
    _check_length("admin key", secret)
    row = _row(secret, tenant=BOOTSTRAP_TENANT, name=BOOTSTRAP_NAME, scopes=[Scope.ADMIN])
    KeyRepository(session).put_configured(row)


def ensure_page_key(session: Session, secret: str) -> None:
    """Make ``secret`` (the setting ``HFER_WEB__API_KEY``) work as the page's key.

    As with the operator's: the setting decides, what it held before is revoked.

    Raises:
        ValueError: the secret is so short that its plain SHA-256 could be guessed.
    """
    _check_length("page's key", secret)
    scopes = [Scope.JOBS_READ, Scope.JOBS_WRITE]
    row = _row(secret, tenant=PAGE_TENANT, name=PAGE_NAME, scopes=scopes)
    KeyRepository(session).put_configured(row)


def new_secret(environment: str) -> str:
    """Return a fresh secret, ``hfer_<environment>_<43 characters>``, 256 bits of randomness."""
    return f"hfer_{environment}_{secrets.token_urlsafe(_ENTROPY_BYTES)}"


def hash_secret(secret: str) -> bytes:
    """Return the 32 bytes that are stored.

    Plain SHA-256 and no slow hash: a secret of 256 random bits cannot be guessed, and every
    request pays for this call.
    """
    return hashlib.sha256(secret.encode()).digest()


def visible_prefix(secret: str) -> str:
    """Return the first characters of a secret, by which an operator tells keys apart."""
    return secret[:_VISIBLE_CHARS]


def _check_length(what: str, secret: str) -> None:
    if len(secret) < MIN_SECRET_CHARS:
        raise ValueError(
            f"the {what} has fewer than {MIN_SECRET_CHARS} characters; make a random one"
        )


def _row(secret: str, *, tenant: str, name: str, scopes: Iterable[Scope]) -> ApiKey:
    return ApiKey(
        public_id=new_uuid7(),
        tenant=tenant,
        name=name,
        prefix=visible_prefix(secret),
        secret_hash=hash_secret(secret),
        scopes=sorted({str(scope) for scope in scopes}),
    )
