"""What entries of the audit look like over HTTP."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.schemas import UtcTime
from services.common.db.audit_tables import AuditEntry

ENTRY_EXAMPLE: dict[str, Any] = {
    "at": "2026-11-23T07:00:00Z",
    "action": "job.erased",
    "outcome": "done",
    "code": None,
    "object": "job_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
    "key": "key_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
    "key_name": "nightly batch",
    "tenant": "archive",
    "address": "203.0.113.7",
    "request_id": "01936fd2c0a27b6e8f3a5b7c9d1e2f30",
}


class AuditObject(BaseModel):
    """One act: who did what, on what, when, and with what outcome."""

    model_config = ConfigDict(json_schema_extra={"example": ENTRY_EXAMPLE})

    at: UtcTime = Field(description="by the clock of the database")
    action: str = Field(description="see `action` of this listing")
    outcome: Literal["done", "refused"]
    code: str | None = Field(description="of the problem that refused it")
    object: str | None = Field(description="the job, upload, key, model or webhook endpoint")
    key: str
    key_name: str
    tenant: str = Field(description="of the key")
    address: str | None = Field(description="of the client; behind proxies see docs/proxies.md")
    request_id: str | None


def audit_object(entry: AuditEntry) -> AuditObject:
    """Turn a row into its public form."""
    return AuditObject(
        at=entry.at,
        action=entry.action,
        outcome="done" if entry.problem is None else "refused",
        code=entry.problem,
        object=entry.object_id,
        key=entry.key_id,
        key_name=entry.key_name,
        tenant=entry.tenant,
        address=entry.address,
        request_id=entry.request_id,
    )
