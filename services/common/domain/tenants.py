"""What an operator may set for a tenant: its share of the workers, and how much it may do."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Self

from services.common.domain.errors import HferError

DEFAULT_WEIGHT = 1
MAX_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """Limits of a tenant, or of each of its keys. 0 is no limit; None is the deployment's.

    Attributes:
        requests_per_second: requests of one key, in a second.
        open_uploads: requests of one key whose body is still being sent.
        open_streams: event streams of one key.
        open_photos: photos of the tenant that are declared, wait or run.
        photos_per_day: photos of the tenant that are accepted in a day (UTC).
        stored_bytes: bytes of the tenant's photos that are kept.
    """

    requests_per_second: int | None = None
    open_uploads: int | None = None
    open_streams: int | None = None
    open_photos: int | None = None
    photos_per_day: int | None = None
    stored_bytes: int | None = None

    def over(self, defaults: Self) -> Self:
        """Return the limits that hold: these, and where one is None that of ``defaults``."""
        mine = {name: getattr(self, name) for name in LIMIT_NAMES}
        return replace(defaults, **{name: one for name, one in mine.items() if one is not None})


LIMIT_NAMES = tuple(one.name for one in fields(TenantLimits))


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """What is set for a tenant.

    Attributes:
        tenant: its name, as keys carry it.
        weight: its share of the workers beside others', 1..100: 2 is twice the share of 1.
        limits: those that differ from the deployment's.
        updated_at: when it was set; None if nothing was.
    """

    tenant: str
    weight: int = DEFAULT_WEIGHT
    limits: TenantLimits = field(default_factory=TenantLimits)
    updated_at: datetime | None = None


class LimitExceededError(HferError):
    """A request that would pass a limit of its tenant or key: it may pass later.

    Attributes:
        name: the limit's, as `TenantLimits` has it.
        limit: what may be.
        used: what is.
        retry_after_s: when to try again, at the earliest; None if that cannot be told.
    """

    code = "rate-limited"

    def __init__(
        self, detail: str, *, name: str, limit: int, used: int, retry_after_s: int | None = None
    ) -> None:
        """Name the limit, what it is and how much of it is used."""
        super().__init__(detail)
        self.name = name
        self.limit = limit
        self.used = used
        self.retry_after_s = retry_after_s
