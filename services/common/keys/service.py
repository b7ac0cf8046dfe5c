"""API keys: authenticate, issue, put the operator's own in place.

The secret of a key is made once, shown once and kept only as its SHA-256.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.key_tables import ApiKey
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.tenants import TenantLimits
from services.common.keys.errors import (
    KeyExpiredError,
    KeyMissingError,
    KeyNotChangeableError,
    KeyNotRollableError,
)
from services.common.keys.outputs import OutputMode
from services.common.keys.purposes import DeclaredPurpose
from services.common.keys.repository import Credential, KeyRepository
from services.common.keys.secrets import check_length, hash_secret, new_secret, visible_prefix
from services.common.webhooks.repositories.endpoints import EndpointRepository

# No key made over HTTP can take this name: parentheses are refused there.
BOOTSTRAP_NAME = "bootstrap (HFER_API__ADMIN_KEY)"
BOOTSTRAP_TENANT = "default"
PAGE_NAME = "page (HFER_WEB__API_KEY)"
PAGE_TENANT = "page"

_CONFIGURED = {BOOTSTRAP_NAME: "HFER_API__ADMIN_KEY", PAGE_NAME: "HFER_WEB__API_KEY"}


class Scope(StrEnum):
    """What a key may do. ``admin`` is the operator of the deployment and may do everything.

    ``jobs:write`` is older than ``jobs:submit``, ``jobs:erase`` and ``webhooks:admin``: it allows
    all that they do, but for looking at webhook endpoints, which took ``jobs:read``.
    """

    JOBS_SUBMIT = "jobs:submit"
    JOBS_READ = "jobs:read"
    JOBS_ERASE = "jobs:erase"
    WEBHOOKS_ADMIN = "webhooks:admin"
    REVIEW = "review"
    MODELS_ADMIN = "models:admin"
    ADMIN = "admin"
    JOBS_WRITE = "jobs:write"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request: the tenant whose jobs are visible, and what the key allows.

    Attributes:
        tenant: whose jobs are visible.
        scopes: what the key allows.
        key_id: public id of the key, for the records of who did what.
        key_name: of the key.
        key_row: bigint id of the key, which rows name.
        secret_hash: of the secret that came with the request: whether it is still good is asked
            again while a request takes long.
        expires_at: when the key stops working.
        address: the client's; with id and name of the key it says in the audit who did what.
        output: how much of results the key may see; `blurred` acts where pictures are drawn.
        limits: those of the tenant's own.
    """

    tenant: str
    scopes: frozenset[str]
    key_id: str
    key_name: str
    key_row: int
    secret_hash: bytes = field(repr=False)
    expires_at: datetime | None = None
    address: str | None = None
    output: OutputMode = OutputMode.FULL
    limits: TenantLimits = field(default_factory=TenantLimits)

    def may(self, *scopes: Scope) -> bool:
        """Whether the key carries one of ``scopes``; ``admin`` carries all of them."""
        return bool(self.scopes & {*scopes, Scope.ADMIN})

    @property
    def credential(self) -> Credential:
        """What has to stay good while a request takes long."""
        return self.secret_hash, self.output.value

    @property
    def sees_results(self) -> bool:
        """Whether an answer may hold results of photos, where its operation is for others too."""
        return self.may(Scope.JOBS_READ) and self.output.reaches(OutputMode.BLURRED)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A stored key with its secret, which exists only here and in the owner's hands."""

    key: ApiKey
    secret: str


def authenticate(session: Session, secret: str, *, address: str | None = None) -> Principal | None:
    """Return whose secret this is; None for an unknown or revoked one.

    The first use of a key is an act of the audit: it tells that the key has arrived, and where.

    Raises:
        KeyExpiredError: the key has expired.
    """
    repository, secret_hash = KeyRepository(session), hash_secret(secret)
    found = repository.by_hash(secret_hash)
    if found is None:
        return None
    key, expired, limits = found
    if expired:
        raise KeyExpiredError("The API key has expired; ask an operator for another.")
    principal = Principal(
        tenant=key.tenant,
        scopes=frozenset(key.scopes),
        key_id=format_id(IdKind.KEY, key.public_id),
        key_name=key.name,
        key_row=key.id,
        secret_hash=secret_hash,
        expires_at=key.expires_at,
        address=address,
        output=OutputMode(key.output),
        limits=limits,
    )
    if repository.touch(key.id) and key.last_used_at is None:
        record(session, principal, Action.KEY_FIRST_USED, principal.key_id)
    return principal


def is_live(session: Session, caller: Principal) -> bool:
    """Whether the secret that a request came with would be let in now, and see as much."""
    return bool(KeyRepository(session).live([caller.credential]))


def issue_key(
    session: Session,
    *,
    tenant: str,
    name: str,
    scopes: Iterable[Scope],
    environment: str,
    expires_at: datetime | None = None,
    purpose: DeclaredPurpose | None = None,
    output: OutputMode = OutputMode.FULL,
) -> IssuedKey:
    """Make a key for ``tenant``; ``environment`` (dev, prod) is part of the secret."""
    secret = new_secret(environment)
    row = _row(secret, tenant=tenant, name=name, scopes=scopes, expires_at=expires_at)
    row.output = output.value
    if purpose is not None:
        declare(row, purpose)
    return IssuedKey(KeyRepository(session).add(row), secret)


def declare(key: ApiKey, purpose: DeclaredPurpose) -> None:
    """Write down what a key is for."""
    key.purpose, key.purpose_note = purpose.name.value, purpose.note
    key.purpose_exception = purpose.exception and purpose.exception.value


def changeable_key(session: Session, public_id: uuid.UUID, *, fields: Collection[str]) -> ApiKey:
    """Return a key whose ``fields`` may be changed, locked until the commit.

    Raises:
        KeyMissingError: there is no such key.
        KeyNotChangeableError: it is revoked, or its name and expiry hang on a setting.
    """
    key = KeyRepository(session).get(public_id)
    if key is None:
        raise KeyMissingError("There is no such key.")
    if key.revoked_at is not None:
        raise KeyNotChangeableError("The key is revoked; make another.")
    if key.name in _CONFIGURED and {"name", "expires_at"} & set(fields):
        raise KeyNotChangeableError(
            f"{_CONFIGURED[key.name]} holds this key: it keeps its name and does not expire."
        )
    return key


def roll_key(
    session: Session,
    public_id: uuid.UUID,
    *,
    overlap: timedelta,
    environment: str,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Give a key another secret; the one that it has works for ``overlap`` more.

    A secret that was still in its overlap stops at once: only two are kept.

    Args:
        session: an open unit of work.
        public_id: of the key.
        overlap: 0 stops the present secret at once.
        environment: part of the secret.
        expires_at: another expiry; None leaves it as it is.

    Raises:
        KeyMissingError: there is no such key.
        KeyNotRollableError: it is revoked or expired, or a setting holds its secret.
    """
    keys = KeyRepository(session)
    key = keys.get(public_id)
    if key is None:
        raise KeyMissingError("There is no such key.")
    if key.name in _CONFIGURED:
        raise KeyNotRollableError(f"Set another secret in {_CONFIGURED[key.name]} and restart.")
    if not keys.live([(key.secret_hash, key.output)]):
        raise KeyNotRollableError("The key is revoked or has expired; make another.")
    secret = new_secret(environment)
    fresh = _row(secret, tenant=key.tenant, name=key.name, scopes=())
    keys.roll(key, fresh=fresh, overlap=overlap, expires_at=expires_at)
    return IssuedKey(key, secret)


def revoke_key(session: Session, public_id: uuid.UUID) -> bool:
    """Revoke a key for good, and switch off the webhook endpoints that it set up.

    False if that was done before; it changes nothing then.

    Raises:
        KeyMissingError: there is no such key.
    """
    keys = KeyRepository(session)
    key_row = keys.revoke(public_id)
    if key_row is not None:
        EndpointRepository(session).disable_of_key(key_row)
        return True
    if keys.get(public_id) is None:
        raise KeyMissingError("There is no such key.")
    return False


def ensure_bootstrap_key(session: Session, secret: str) -> bool:
    """Make ``secret`` (the setting ``HFER_API__ADMIN_KEY``) work as the operator's key.

    A key that the setting held before is revoked. One that was revoked stays so: then False is
    returned, nothing changes, and another secret must be set.

    Raises:
        ValueError: the secret is so short that its plain SHA-256 could be guessed.
    """
    check_length("admin key", secret)
    row = _row(secret, tenant=BOOTSTRAP_TENANT, name=BOOTSTRAP_NAME, scopes=[Scope.ADMIN])
    return KeyRepository(session).put_configured(row)


def ensure_page_key(session: Session, secret: str) -> bool:
    """Make ``secret`` (the setting ``HFER_WEB__API_KEY``) work as the page's key.

    As with the operator's: what the setting held before is revoked, and what was revoked stays so.

    Raises:
        ValueError: the secret is so short that its plain SHA-256 could be guessed.
    """
    check_length("page's key", secret)
    scopes = [Scope.JOBS_READ, Scope.JOBS_SUBMIT, Scope.JOBS_ERASE, Scope.REVIEW]
    row = _row(secret, tenant=PAGE_TENANT, name=PAGE_NAME, scopes=scopes)
    return KeyRepository(session).put_configured(row)


def _row(
    secret: str,
    *,
    tenant: str,
    name: str,
    scopes: Iterable[Scope],
    expires_at: datetime | None = None,
) -> ApiKey:
    return ApiKey(
        public_id=new_uuid7(),
        tenant=tenant,
        name=name,
        prefix=visible_prefix(secret),
        secret_hash=hash_secret(secret),
        scopes=sorted({str(scope) for scope in scopes}),
        expires_at=expires_at,
    )
