"""How much tenants and keys may do for whom the operator set nothing else."""

from pydantic import Field

from services.common.domain.tenants import TenantLimits
from services.common.environment import Group


class LimitSettings(Group):
    """How much a tenant may do for whom nothing else is set (`/v1/tenants`); 0 is no limit."""

    requests_per_second: int = Field(default=0, ge=0, description="of each key")
    open_uploads: int = Field(
        default=256, ge=0, description="requests of each key whose body is still being sent"
    )
    open_streams: int = Field(
        default=0, ge=0, description="event streams of each key, at all processes together"
    )
    photos_per_day: int = Field(
        default=0, ge=0, description="photos of a tenant accepted from midnight UTC on"
    )
    stored_bytes: int = Field(default=0, ge=0, description="of a tenant's photos that are kept")

    def tenant_limits(self, *, open_photos: int) -> TenantLimits:
        """Return them with the one that is set elsewhere."""
        return TenantLimits(
            requests_per_second=self.requests_per_second,
            open_uploads=self.open_uploads,
            open_streams=self.open_streams,
            open_photos=open_photos,
            photos_per_day=self.photos_per_day,
            stored_bytes=self.stored_bytes,
        )
