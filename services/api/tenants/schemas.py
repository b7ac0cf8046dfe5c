"""What tenants look like over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from services.api.keys.schemas import Name
from services.api.schemas import WHOLE, Input, UtcTime
from services.common.domain.tenants import (
    DEFAULT_WEIGHT,
    MAX_WEIGHT,
    TenantLimits,
    TenantPolicy,
)

# What fits the column; a petabyte, as JSON readers keep whole numbers up to 2**53 only.
_MOST, _MOST_BYTES = 2**31 - 1, 10**15

_LIMITS: dict[str, Any] = {
    "requests_per_second": None,
    "open_uploads": None,
    "open_streams": 20,
    "open_photos": 50_000,
    "photos_per_day": 200_000,
    "stored_bytes": None,
}
TENANT_EXAMPLE: dict[str, Any] = {
    "tenant": "archive",
    "weight": 2,
    "limits": _LIMITS,
    "updated_at": "2026-11-30T07:00:00Z",
}

TenantName = Annotated[Name, Path(examples=["archive"])]
_Count = Annotated[int, Field(ge=0, le=_MOST), WHOLE]
_Bytes = Annotated[int, Field(ge=0, le=_MOST_BYTES), WHOLE]


class LimitsOfTenant(Input):
    """Limits in place of the deployment's: null is the deployment's, 0 is no limit."""

    model_config = ConfigDict(json_schema_extra={"example": _LIMITS})

    requests_per_second: _Count | None = Field(default=None, description="of each key")
    open_uploads: _Count | None = Field(
        default=None, description="requests of each key whose body is still being sent"
    )
    open_streams: _Count | None = Field(default=None, description="event streams of each key")
    open_photos: _Count | None = Field(
        default=None, description="photos that may be declared, wait or run at a time"
    )
    photos_per_day: _Count | None = Field(
        default=None, description="photos that are accepted in a day, from midnight UTC on"
    )
    stored_bytes: _Bytes | None = Field(default=None, description="of photos that are kept")


class WantedTenant(Input):
    """All that is set for a tenant; what is left out goes back to the deployment's."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"weight": 2, "limits": {"open_photos": 50_000}}}
    )

    weight: Annotated[int, Field(ge=1, le=MAX_WEIGHT), WHOLE] = Field(
        default=DEFAULT_WEIGHT,
        description="share of the workers while others wait too: 2 is twice the share of 1",
    )
    limits: LimitsOfTenant = LimitsOfTenant()

    def policy(self, tenant: str) -> TenantPolicy:
        """Return it as the policy of ``tenant``."""
        return TenantPolicy(tenant, self.weight, TenantLimits(**self.limits.model_dump()))


class TenantObject(BaseModel):
    """A tenant: the name that keys carry, and what is set for it."""

    model_config = ConfigDict(json_schema_extra={"example": TENANT_EXAMPLE})

    tenant: str
    weight: int = Field(description="share of the workers while others wait too")
    limits: LimitsOfTenant
    updated_at: UtcTime | None = Field(description="null where all is the deployment's")


def tenant_object(policy: TenantPolicy) -> TenantObject:
    """Turn a policy into its public form."""
    return TenantObject(
        tenant=policy.tenant,
        weight=policy.weight,
        limits=LimitsOfTenant(**asdict(policy.limits)),
        updated_at=policy.updated_at,
    )
