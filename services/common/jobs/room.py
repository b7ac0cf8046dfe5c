"""Whether a tenant may have more photos: open ones, those of a day, those kept.

Postgres is the truth about all three, whatever Redis holds or has lost. Two requests at once may
both pass, each before it sees the other's photos.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from services.common.domain.tenants import LimitExceededError, TenantLimits
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.repositories.tallies import TallyRepository
from services.common.tenants.repositories.usage import UsageRepository

# Photos are given up by age, so room for their bytes comes by and by.
_STORED_RETRY_S = 600


def accepted_bytes(items: Iterable[NewItem]) -> int:
    """Add up the bytes of photos that are not refused; those still to be fetched have none."""
    return sum(item.byte_count for item in items if item.refusal is None)


def check_room(
    session: Session,
    tenant: str,
    *,
    photos: int,
    refused: int = 0,
    byte_count: int = 0,
    defaults: TenantLimits,
) -> None:
    """Refuse what would be more than the tenant may have.

    Args:
        session: in whose transaction it is read.
        tenant: whose photos.
        photos: how many more will be open.
        refused: how many more are refused at once: they are of the day as well.
        byte_count: of how many bytes together.
        defaults: limits of the deployment, which hold where the tenant has none of its own.

    Raises:
        LimitExceededError: it would be too many.
    """
    waiting, own = TallyRepository(session).open_and_limits(tenant)
    limits = own.over(defaults)
    if limits.open_photos:
        _check_open(waiting, photos=photos, limit=limits.open_photos)
    if limits.photos_per_day:
        _check_day(session, tenant, photos=photos + refused, limit=limits.photos_per_day)
    if limits.stored_bytes:
        _check_stored(session, tenant, byte_count=byte_count, limit=limits.stored_bytes)


def _check_open(waiting: int, *, photos: int, limit: int) -> None:
    if waiting + photos > limit:
        raise LimitExceededError(
            f"{waiting} of your photos are waiting and {limit} may, so there is no "
            f"room for {photos} more; send them when some are finished.",
            name="open_photos",
            limit=limit,
            used=waiting,
        )


def _check_day(session: Session, tenant: str, *, photos: int, limit: int) -> None:
    usage = UsageRepository(session)
    sent = usage.photos_today(tenant)
    if sent + photos > limit:
        raise LimitExceededError(
            f"You sent {sent} photos today and may send {limit}, so there is no room for {photos} "
            "more; send them after midnight UTC.",
            name="photos_per_day",
            limit=limit,
            used=sent,
            retry_after_s=usage.seconds_left(),
        )


def _check_stored(session: Session, tenant: str, *, byte_count: int, limit: int) -> None:
    kept = UsageRepository(session).stored_bytes(tenant)
    if kept + byte_count > limit or kept == limit:
        raise LimitExceededError(
            f"{kept} bytes of your photos are kept and {limit} may be, so there is no room for "
            f"{byte_count} more; erase jobs that you no longer need, or wait until photos are "
            "given up by age.",
            name="stored_bytes",
            limit=limit,
            used=kept,
            retry_after_s=_STORED_RETRY_S,
        )
