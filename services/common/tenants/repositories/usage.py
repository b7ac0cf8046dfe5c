"""What tenants use by day: added up in the transaction that does the work, never counted again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

# Two backends that count for one tenant at once rarely share a row.
_SLOTS = 16
# Of Postgres' clock, the only one; the day of a job is that on which it was accepted, or ended.
_TODAY = "(now() AT TIME ZONE 'utc')::date"

_ADD_UP = """
    ON CONFLICT (tenant, day, slot) DO UPDATE
    SET photos = used.photos + excluded.photos,
        byte_count = used.byte_count + excluded.byte_count,
        faces = used.faces + excluded.faces,
        core_ms = used.core_ms + excluded.core_ms
"""
_INTO = (
    "INSERT INTO tenant_usage AS used (tenant, day, slot, photos, byte_count, faces, core_ms)"
    f" SELECT tenant, {_TODAY}, pg_backend_pid() % {_SLOTS},"
)

_ACCEPT = text(f"""
    {_INTO} :photos, :byte_count, 0, 0 FROM (VALUES (:tenant)) AS accepted(tenant)
    {_ADD_UP}
""")

# In the order of tenants, so that two transactions that close jobs cannot deadlock.
_WORK = f"""
    {_INTO} 0, sum(fetched_bytes), sum(faces), sum(core_ms)
    FROM ended JOIN job_tally ON job_tally.job_id = ended.id
    GROUP BY tenant
    HAVING sum(fetched_bytes) + sum(faces) + sum(core_ms) > 0
    ORDER BY tenant
    {_ADD_UP}
"""
_SETTLE = text(f"WITH ended AS (SELECT id, tenant FROM job WHERE id = ANY(:ids)) {_WORK}")
# Locked, so that whoever closes the job meanwhile either did it before or does not do it.
_ABANDON = text(f"""
    WITH ended AS (
        SELECT id, tenant FROM job WHERE id = :job AND finished_at IS NULL FOR UPDATE
    ) {_WORK}
""")

_PAGE = text("""
    SELECT day, tenant, sum(photos)::bigint AS photos, sum(byte_count)::bigint AS byte_count,
           sum(faces)::bigint AS faces, sum(core_ms)::bigint AS core_ms
    FROM tenant_usage
    WHERE day BETWEEN :first AND :last
      AND (CAST(:tenant AS text) IS NULL OR tenant = :tenant)
      AND (CAST(:after_day AS date) IS NULL OR (day, tenant) > (:after_day, :after_tenant))
    GROUP BY day, tenant ORDER BY day, tenant LIMIT :limit
""")
_PHOTOS_TODAY = text(f"""
    SELECT coalesce(sum(photos), 0) FROM tenant_usage WHERE tenant = :tenant AND day = {_TODAY}
""")
_SECONDS_LEFT = text(f"""
    SELECT ceil(extract(epoch FROM {_TODAY} + 1 - (now() AT TIME ZONE 'utc')))
""")
_STORED = text("""
    SELECT coalesce(sum(job.byte_count + coalesce(fetched.byte_count, 0)), 0)
    FROM job LEFT JOIN LATERAL (
        SELECT sum(fetched_bytes) AS byte_count FROM job_tally WHERE job_id = job.id
    ) AS fetched ON true
    WHERE job.tenant = :tenant AND job.inputs_erased_at IS NULL
""")
_FORGET = text(f"""
    DELETE FROM tenant_usage WHERE (tenant, day, slot) IN (
        SELECT tenant, day, slot FROM tenant_usage
        WHERE day < {_TODAY} - CAST(:days AS int)
        ORDER BY day LIMIT :limit FOR UPDATE SKIP LOCKED
    )
""")


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """What a tenant used on a day of UTC.

    Attributes:
        photos: of the jobs accepted on it, those included that were refused or retried.
        byte_count: bytes of those photos; of photos by URL once their job ended.
        faces: found in the jobs that ended on it.
        core_ms: CPU time of workers for them, in ms of one core.
    """

    day: date
    tenant: str
    photos: int
    byte_count: int
    faces: int
    core_ms: int


class UsageRepository:
    """Adds up and reads what tenants use, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def accept(self, tenant: str, *, photos: int, byte_count: int) -> None:
        """Count photos that are accepted. Call it last: until the commit others may wait."""
        parameters = {"tenant": tenant, "photos": photos, "byte_count": byte_count}
        self._session.execute(_ACCEPT, parameters)

    def settle(self, job_ids: Sequence[int]) -> None:
        """Count what was done for jobs that became final in this transaction."""
        self._session.execute(_SETTLE, {"ids": list(job_ids)})

    def abandon(self, job_id: int) -> None:
        """Count what was done for a job about to be erased, unless it had ended.

        Call it when its photos are gone, so that no worker adds to it any more.
        """
        self._session.execute(_ABANDON, {"job": job_id})

    def photos_today(self, tenant: str) -> int:
        """Count the photos that were accepted today."""
        return int(self._session.scalar(_PHOTOS_TODAY, {"tenant": tenant}) or 0)

    def seconds_left(self) -> int:
        """Tell in how many seconds the next day begins."""
        return int(self._session.scalar(_SECONDS_LEFT) or 1)

    def stored_bytes(self, tenant: str) -> int:
        """Add up the photos that are kept; one that two jobs name counts twice."""
        return int(self._session.scalar(_STORED, {"tenant": tenant}) or 0)

    def page(
        self,
        *,
        first: date,
        last: date,
        tenant: str | None,
        after: tuple[date, str] | None = None,
        limit: int,
    ) -> list[DailyUsage]:
        """Return up to ``limit`` days of tenants, by day and name, from behind ``after`` on.

        Args:
            first: the first day.
            last: the last day, included.
            tenant: of this one alone; of all if None.
            after: day and tenant of the last row of the page before.
            limit: most rows.
        """
        after_day, after_tenant = after or (None, None)
        rows = self._session.execute(
            _PAGE,
            {
                "first": first,
                "last": last,
                "tenant": tenant,
                "after_day": after_day,
                "after_tenant": after_tenant,
                "limit": limit,
            },
        )
        return [DailyUsage(*row) for row in rows]

    def forget(self, *, keep: timedelta, limit: int) -> int:
        """Delete rows of days longer ago than ``keep``; how many."""
        result = self._session.execute(_FORGET, {"days": keep.days, "limit": limit})
        return result.rowcount if isinstance(result, CursorResult) else 0
