"""Writing messages in the transaction of the change that they are about.

Nothing is sent here. A message is written with a delivery for each endpoint that wants it, or
not at all when none does; what is committed will be sent, what is rolled back never was.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.ids import new_uuid7
from services.common.domain.webhooks import EventType


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A message about to be written; without a tenant it is meant for all of them."""

    kind: EventType
    data: Mapping[str, Any]
    tenant: str | None = None
    public_id: uuid.UUID = field(default_factory=new_uuid7)


_WANTED = """
    endpoint.enabled AND endpoint.events @> to_jsonb(news.kind)
    AND (news.tenant IS NULL OR endpoint.tenant = news.tenant)
"""

# Endpoints are locked against deletion: the change must not fail for want of a receiver.
_ANNOUNCE = text(f"""
    WITH news AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:tenants AS text[]),
            CAST(:data AS text[])
        ) AS news(public_id, kind, tenant, data)
    ), endpoint AS MATERIALIZED (
        SELECT id, tenant, events, enabled FROM webhook_endpoint AS endpoint
        WHERE EXISTS (SELECT FROM news WHERE {_WANTED})
        ORDER BY id FOR KEY SHARE
    ), event AS (
        INSERT INTO webhook_event (public_id, type, data)
        SELECT public_id, kind, CAST(data AS jsonb) FROM news
        WHERE EXISTS (SELECT FROM endpoint WHERE {_WANTED})
        RETURNING id, public_id
    )
    INSERT INTO webhook_delivery (event_id, endpoint_id)
    SELECT event.id, endpoint.id
    FROM event JOIN news USING (public_id) JOIN endpoint ON {_WANTED}
    RETURNING id
""")

_LISTENING = text("""
    SELECT DISTINCT tenant FROM webhook_endpoint WHERE enabled AND tenant = ANY(:tenants)
""")


class OutboxRepository:
    """Writes messages in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def listening(self, tenants: Sequence[str]) -> set[str]:
        """Which of these tenants have an endpoint: for the others nothing need be prepared."""
        return set(self._session.scalars(_LISTENING, {"tenants": list(set(tenants))}))

    def announce(self, events: Sequence[NewEvent]) -> int:
        """Write messages for the endpoints that want them; how many deliveries that makes."""
        if not events:
            return 0
        parameters = {
            "ids": [event.public_id for event in events],
            "kinds": [event.kind.value for event in events],
            "tenants": [event.tenant for event in events],
            "data": [json.dumps(event.data) for event in events],
        }
        return len(self._session.scalars(_ANNOUNCE, parameters).all())
