"""Tenants and what they use, as the service answers them; every field has a default."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """Limits in place of the deployment's: None is the deployment's, 0 is no limit.

    Attributes:
        requests_per_second: of each key.
        open_uploads: requests of each key whose body is still being sent.
        open_streams: event streams of each key.
        open_photos: photos that may be declared, wait or run at a time.
        photos_per_day: photos that are accepted in a day, from midnight UTC on.
        stored_bytes: of photos that are kept.
    """

    requests_per_second: int | None = None
    open_uploads: int | None = None
    open_streams: int | None = None
    open_photos: int | None = None
    photos_per_day: int | None = None
    stored_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant: the name that keys carry, and what the operator set for it.

    Attributes:
        tenant: its name.
        weight: its share of the workers while others wait too: 2 is twice the share of 1.
        limits: those in place of the deployment's.
        updated_at: None where all is the deployment's.
    """

    tenant: str = ""
    weight: int = 1
    limits: TenantLimits = field(default_factory=TenantLimits)
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """What a tenant used on one day of UTC.

    Attributes:
        day: as ``2026-11-30``.
        tenant: its name.
        photos: of jobs accepted on it, refused and retried ones included.
        bytes: of those photos.
        faces: found in jobs that ended on it.
        core_seconds: CPU time of workers for those jobs.
    """

    day: str = ""
    tenant: str = ""
    photos: int = 0
    bytes: int = 0
    faces: int = 0
    core_seconds: float = 0.0
