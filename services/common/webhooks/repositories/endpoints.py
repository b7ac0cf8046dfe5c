"""Every query on endpoints. Each takes the tenant, or an id that was found by it."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from services.common.db.webhook_tables import WebhookEndpoint
from services.common.domain.webhooks import DisabledReason

_FAILED = text("""
    UPDATE webhook_endpoint AS endpoint
    SET failing_since = coalesce(failing_since, now()),
        enabled = enabled AND verdict.reason IS NULL,
        disabled_reason = coalesce(disabled_reason, verdict.reason),
        disabled_at = CASE WHEN enabled AND verdict.reason IS NOT NULL THEN now()
                           ELSE disabled_at END
    FROM (
        SELECT id, CASE WHEN CAST(:gone AS boolean) THEN 'gone'
                        WHEN failing_since <= now() - CAST(:limit AS interval) THEN 'failing'
                   END AS reason
        FROM webhook_endpoint WHERE id = :id FOR NO KEY UPDATE
    ) AS verdict
    WHERE endpoint.id = verdict.id
    RETURNING CASE WHEN disabled_at = now() THEN disabled_reason END
""")

_OF_EXPIRED_KEYS = text(f"""
    UPDATE webhook_endpoint AS endpoint
    SET enabled = false, disabled_reason = '{DisabledReason.KEY_EXPIRED}', disabled_at = now()
    FROM api_key AS key
    WHERE endpoint.key_id = key.id AND endpoint.enabled AND key.expires_at <= now()
    RETURNING endpoint.public_id
""")


class EndpointRepository:
    """Reads and writes endpoints in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        """Store an endpoint and read back what the database filled in."""
        self._session.add(endpoint)
        self._session.flush()
        self._session.refresh(endpoint)
        return endpoint

    def count(self, tenant: str) -> int:
        """Count the tenant's endpoints."""
        query = select(func.count()).where(WebhookEndpoint.tenant == tenant)
        return self._session.scalar(query) or 0

    def get(
        self, tenant: str, public_id: uuid.UUID, *, lock: bool = False
    ) -> WebhookEndpoint | None:
        """Return an endpoint of the tenant; ``lock`` keeps other changes out until the commit."""
        query = select(WebhookEndpoint).where(
            WebhookEndpoint.tenant == tenant, WebhookEndpoint.public_id == public_id
        )
        if lock:
            query = query.with_for_update(key_share=True)
        return self._session.scalar(query)

    def page(
        self, tenant: str, *, before: uuid.UUID | None, limit: int
    ) -> Sequence[WebhookEndpoint]:
        """Return up to ``limit`` endpoints of the tenant, newest first, made before ``before``."""
        query = (
            select(WebhookEndpoint)
            .where(WebhookEndpoint.tenant == tenant)
            .order_by(WebhookEndpoint.public_id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(WebhookEndpoint.public_id < before)
        return self._session.scalars(query).all()

    def delete(self, endpoint: WebhookEndpoint) -> None:
        """Delete an endpoint with its deliveries."""
        self._session.delete(endpoint)
        self._session.flush()

    def rotate(self, endpoint: WebhookEndpoint, *, secret: bytes, keep: timedelta) -> None:
        """Let ``secret`` (encrypted) sign, and the former one as well for as long as ``keep``."""
        endpoint.former_secret = endpoint.secret
        endpoint.secret = secret
        self._session.flush()
        self._session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint.id)
            .values(former_until=func.now() + keep)
            .execution_options(synchronize_session=False)
        )
        self._session.refresh(endpoint)

    def disable_of_key(self, key_id: int) -> None:
        """Switch off what an API key set up; pending messages wait, as with any endpoint off."""
        self._session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.key_id == key_id, WebhookEndpoint.enabled)
            .values(
                enabled=False,
                disabled_reason=DisabledReason.KEY_REVOKED.value,
                disabled_at=func.now(),
            )
            .execution_options(synchronize_session=False)
        )

    def disable_of_expired_keys(self) -> list[uuid.UUID]:
        """Switch off what keys set up that have expired; public ids. They stay off from then on."""
        return list(self._session.scalars(_OF_EXPIRED_KEYS))

    def enable(self, endpoint: WebhookEndpoint, *, enabled: bool) -> None:
        """Switch an endpoint on, its failures forgotten, or off by its owner's wish."""
        if enabled == endpoint.enabled:
            return
        self._session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint.id)
            .values(
                enabled=enabled,
                disabled_reason=None if enabled else DisabledReason.USER.value,
                disabled_at=None if enabled else func.now(),
                failing_since=None,
            )
            .execution_options(synchronize_session=False)
        )
        self._session.refresh(endpoint)

    def succeeded(self, endpoint_id: int) -> None:
        """Forget the failures of an endpoint."""
        self._session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.failing_since.is_not(None))
            .values(failing_since=None)
            .execution_options(synchronize_session=False)
        )

    def failed(self, endpoint_id: int, *, gone: bool, limit: timedelta) -> DisabledReason | None:
        """Note a failure; the reason if it disables the endpoint.

        Args:
            endpoint_id: bigint id.
            gone: whether the receiver said that it is gone for good.
            limit: how long an endpoint may fail without a single success.
        """
        reason = self._session.scalar(_FAILED, {"id": endpoint_id, "gone": gone, "limit": limit})
        return None if reason is None else DisabledReason(reason)
