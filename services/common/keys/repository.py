"""Every query on API keys."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.db.tables import ApiKey
from services.common.db.tenant_tables import TenantPolicy
from services.common.domain.tenants import LIMIT_NAMES, TenantLimits

# last_used_at is for people; a write per request would turn every read into an update.
_TOUCH_EVERY = timedelta(minutes=1)

# One statement for both: every request pays for it.
_LIVE = (
    select(ApiKey, *(getattr(TenantPolicy, name) for name in LIMIT_NAMES))
    .outerjoin(TenantPolicy, TenantPolicy.tenant == ApiKey.tenant)
    .where(ApiKey.secret_hash == bindparam("secret_hash"), ApiKey.revoked_at.is_(None))
)


class KeyRepository:
    """Reads and writes keys in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def live_by_hash(self, secret_hash: bytes) -> tuple[ApiKey, TenantLimits] | None:
        """Return the key with this hash unless it was revoked, and its tenant's own limits."""
        row = self._session.execute(_LIVE, {"secret_hash": secret_hash}).first()
        return None if row is None else (row[0], TenantLimits(*row[1:]))

    def page(self, *, before_id: int | None, limit: int) -> Sequence[ApiKey]:
        """Return up to ``limit`` keys, newest first, older than ``before_id``."""
        query = select(ApiKey).order_by(ApiKey.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(ApiKey.id < before_id)
        return self._session.scalars(query).all()

    def add(self, key: ApiKey) -> ApiKey:
        """Store a key and read back what the database filled in."""
        self._session.add(key)
        self._session.flush()
        self._session.refresh(key)
        return key

    def touch(self, key_id: int) -> None:
        """Note that the key was used, at most once a minute."""
        self._session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key_id,
                or_(
                    ApiKey.last_used_at.is_(None),
                    ApiKey.last_used_at < func.now() - _TOUCH_EVERY,
                ),
            )
            .values(last_used_at=func.now())
            .execution_options(synchronize_session=False)
        )

    def revoke(self, public_id: uuid.UUID) -> bool:
        """Revoke a key; False if it does not exist. A second time changes nothing."""
        revoked = self._session.scalar(
            update(ApiKey)
            .where(ApiKey.public_id == public_id)
            .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
            .returning(ApiKey.id)
            .execution_options(synchronize_session=False)
        )
        return revoked is not None

    def put_configured(self, key: ApiKey) -> None:
        """Store a key that a setting names, and revoke those of its name that it replaces."""
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
            .on_conflict_do_update(
                index_elements=[ApiKey.secret_hash], set_={ApiKey.revoked_at: None}
            )
        )
