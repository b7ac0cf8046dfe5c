"""Every query on API keys."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.db.key_tables import ApiKey
from services.common.db.tenant_tables import TenantPolicy
from services.common.domain.tenants import LIMIT_NAMES, TenantLimits

# last_used_at is for people; a write per request would turn every read into an update.
_TOUCH_EVERY = timedelta(minutes=1)

# With what a request was let in: the hash of its secret, and its key's output mode.
Credential: TypeAlias = tuple[bytes, str]

_LIVE = text("""
    SELECT wanted.secret_hash, wanted.output
    FROM unnest(CAST(:hashes AS bytea[]), CAST(:outputs AS text[])) AS wanted(secret_hash, output)
    WHERE EXISTS (
        SELECT FROM api_key AS key
        WHERE key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())
          AND key.output = wanted.output
          AND (key.secret_hash = wanted.secret_hash
               OR (key.former_hash = wanted.secret_hash AND key.former_until > now()))
    )
""")


class KeyRepository:
    """Reads and writes keys in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def by_hash(self, secret_hash: bytes) -> tuple[ApiKey, bool, TenantLimits] | None:
        """Return the key with this secret unless it was revoked, and whether it has expired.

        With it its tenant's own limits: every request asks for both, in one statement.

        A secret that was rolled counts until its overlap ends.
        """
        former = (ApiKey.former_hash == secret_hash) & (ApiKey.former_until > func.now())
        expired = func.coalesce(ApiKey.expires_at <= func.now(), False)
        query = (
            select(ApiKey, expired, *(getattr(TenantPolicy, name) for name in LIMIT_NAMES))
            .outerjoin(TenantPolicy, TenantPolicy.tenant == ApiKey.tenant)
            .where(ApiKey.revoked_at.is_(None), or_(ApiKey.secret_hash == secret_hash, former))
        )
        found = self._session.execute(query).one_or_none()
        return None if found is None else (found[0], found[1], TenantLimits(*found[2:]))

    def live(self, credentials: Collection[Credential]) -> set[Credential]:
        """Return which of these would be let in now, and see as much as then."""
        parameters = {
            "hashes": [secret_hash for secret_hash, _ in credentials],
            "outputs": [output for _, output in credentials],
        }
        rows = self._session.execute(_LIVE, parameters)
        return {(bytes(row.secret_hash), row.output) for row in rows}

    def hold(self, key_id: int) -> bool:
        """Whether a key is not revoked; if so it cannot be before the commit."""
        query = select(ApiKey.id).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        return self._session.scalar(query.with_for_update(read=True)) is not None

    def get(self, public_id: uuid.UUID) -> ApiKey | None:
        """Return a key, and keep others from changing it until the commit."""
        query = select(ApiKey).where(ApiKey.public_id == public_id)
        return self._session.scalar(query.with_for_update(key_share=True))

    def page(self, *, before: uuid.UUID | None, limit: int) -> Sequence[ApiKey]:
        """Return up to ``limit`` keys, newest first, made before the key ``before``."""
        query = select(ApiKey).order_by(ApiKey.id.desc()).limit(limit)
        if before is not None:
            last = select(ApiKey.id).where(ApiKey.public_id == before).scalar_subquery()
            query = query.where(ApiKey.id < last)
        return self._session.scalars(query).all()

    def add(self, key: ApiKey) -> ApiKey:
        """Store a key and read back what the database filled in."""
        self._session.add(key)
        self._session.flush()
        self._session.refresh(key)
        return key

    def touch(self, key_id: int) -> bool:
        """Note that the key was used, at most once a minute; whether it was noted now."""
        touched = self._session.scalar(
            update(ApiKey)
            .where(
                ApiKey.id == key_id,
                or_(
                    ApiKey.last_used_at.is_(None),
                    ApiKey.last_used_at < func.now() - _TOUCH_EVERY,
                ),
            )
            .values(last_used_at=func.now())
            .returning(ApiKey.id)
            .execution_options(synchronize_session=False)
        )
        return touched is not None

    def roll(
        self, key: ApiKey, *, fresh: ApiKey, overlap: timedelta, expires_at: datetime | None
    ) -> None:
        """Give a key the secret of ``fresh``; the one that it has works for ``overlap`` more.

        ``expires_at`` of None leaves its expiry as it is.
        """
        changed = {} if expires_at is None else {"expires_at": expires_at}
        self._session.execute(
            update(ApiKey)
            .where(ApiKey.id == key.id)
            .values(
                former_prefix=ApiKey.prefix,
                former_hash=ApiKey.secret_hash,
                former_until=func.now() + overlap,
                prefix=fresh.prefix,
                secret_hash=fresh.secret_hash,
                **changed,
            )
            .execution_options(synchronize_session=False)
        )
        self._session.refresh(key)

    def revoke(self, public_id: uuid.UUID) -> int | None:
        """Revoke a key and return its bigint id; None if there is none, or it is revoked."""
        return self._session.scalar(
            update(ApiKey)
            .where(ApiKey.public_id == public_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(ApiKey.id)
            .execution_options(synchronize_session=False)
        )

    def put_configured(self, key: ApiKey) -> bool:
        """Store a key that a setting names, and revoke those of its name that it replaces.

        False if a key with this secret was revoked: it stays so, and nothing changes.
        """
        stored = select(ApiKey.revoked_at).where(ApiKey.secret_hash == key.secret_hash)
        if self._session.scalar(stored) is not None:
            return False
        self._session.execute(
            update(ApiKey)
            .where(
                ApiKey.name == key.name,
                ApiKey.secret_hash != key.secret_hash,
                ApiKey.revoked_at.is_(None),
            )
            .values(revoked_at=func.now())
            .execution_options(synchronize_session=False)
        )
        self._session.execute(
            insert(ApiKey)
            .values(
                public_id=key.public_id,
                tenant=key.tenant,
                name=key.name,
                prefix=key.prefix,
                secret_hash=key.secret_hash,
                scopes=key.scopes,
            )
            .on_conflict_do_nothing(index_elements=[ApiKey.secret_hash])
        )
        return True
