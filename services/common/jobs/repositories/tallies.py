"""Final photos of a job by verdict, added up where they become final and never counted again.

`GET /v1/jobs/{id}` at 100,000 photos: counting them by state reads 100,000 index entries per
poll, the tally a row per slot. Final states never change but of photos that are erased, which fail.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.jobs import ItemState, ItemStatus, JobCounts, Verdict
from services.common.domain.tenants import LIMIT_NAMES, TenantLimits

# Two backends that finish photos of one job at once rarely share a row.
_SLOTS = 16
_FINAL = (ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED, ItemStatus.CANCELLED)


def tallying(source: str, *, measured: bool = False) -> str:
    """Return the SQL that adds final items to their jobs' tallies, as the body of a CTE.

    Args:
        source: name of a CTE with a row per item made final: ``job_id, state, verdict``. It is
            read to its end before the first tally is locked, so every statement locks items
            first and tallies after, in the order of their jobs.
        measured: the rows of ``source`` have ``faces`` and ``core_ms`` as well.
    """
    faces, core_ms = (
        f"coalesce(sum({name}) FILTER (WHERE state = {ItemState.FINISHED}), 0)" if measured else "0"
        for name in ("faces", "core_ms")
    )
    return f"""
        INSERT INTO job_tally AS tally
            (job_id, slot, succeeded, no_face, failed, cancelled, faces, core_ms)
        SELECT job_id, pg_backend_pid() % {_SLOTS},
               count(*) FILTER (WHERE verdict = {Verdict.SUCCEEDED}),
               count(*) FILTER (WHERE verdict = {Verdict.NO_FACE}),
               count(*) FILTER (WHERE verdict = {Verdict.FAILED}),
               count(*) FILTER (WHERE state = {ItemState.CANCELLED}),
               {faces}, {core_ms}
        FROM {source} WHERE state IN ({ItemState.FINISHED}, {ItemState.CANCELLED})
        GROUP BY job_id ORDER BY job_id
        ON CONFLICT (job_id, slot) DO UPDATE
        SET succeeded = tally.succeeded + excluded.succeeded,
            no_face = tally.no_face + excluded.no_face,
            failed = tally.failed + excluded.failed,
            cancelled = tally.cancelled + excluded.cancelled,
            faces = tally.faces + excluded.faces, core_ms = tally.core_ms + excluded.core_ms
    """


def tallying_bytes(source: str) -> str:
    """Return the SQL that adds fetched bytes to a job's tally, as the body of a CTE.

    Args:
        source: name of a CTE with a row per photo that came: ``job_id, byte_count``.
    """
    return f"""
        INSERT INTO job_tally AS tally
            (job_id, slot, succeeded, no_face, failed, cancelled, fetched_bytes)
        SELECT job_id, pg_backend_pid() % {_SLOTS}, 0, 0, 0, 0, sum(byte_count)
        FROM {source} GROUP BY job_id
        ON CONFLICT (job_id, slot) DO UPDATE
        SET fetched_bytes = tally.fetched_bytes + excluded.fetched_bytes
    """


# One statement, hence one snapshot: a photo is never counted twice or not at all. A final job
# has no photo in work, and the index entries of those it had need no visit.
_COUNTS = text(f"""
    SELECT job.id, coalesce(job.total, 0) AS total,
           coalesce(sum(tally.succeeded), 0) AS succeeded,
           coalesce(sum(tally.no_face), 0) AS no_face,
           coalesce(sum(tally.failed), 0) AS failed,
           coalesce(sum(tally.cancelled), 0) AS cancelled,
           CASE WHEN job.finished_at IS NULL THEN (
               SELECT count(*) FROM item
               WHERE item.job_id = job.id AND item.state = {ItemState.LEASED}
           ) ELSE 0 END AS running
    FROM job LEFT JOIN job_tally AS tally ON tally.job_id = job.id
    WHERE job.id = ANY(:ids)
    GROUP BY job.id
""")

# With the tenant's own limits, as each submission asks for both.
_OPEN = text(f"""
    SELECT open.photos, {", ".join(f"policy.{name}" for name in LIMIT_NAMES)}
    FROM (
        SELECT coalesce(sum(
            job.total - CASE WHEN job.status = 'open' THEN 0 ELSE coalesce(final.photos, 0) END
        ), 0) AS photos
        FROM job LEFT JOIN LATERAL (
            SELECT sum(succeeded + no_face + failed + cancelled) AS photos
            FROM job_tally WHERE job_id = job.id
        ) AS final ON true
        WHERE job.finished_at IS NULL AND job.tenant = :tenant
    ) AS open LEFT JOIN tenant_policy AS policy ON policy.tenant = :tenant
""")
# A slot may go below nothing: what is read is the sum of all.
_TURN_TO_FAILED = text(f"""
    INSERT INTO job_tally AS tally (job_id, slot, succeeded, no_face, failed, cancelled)
    VALUES (:job_id, pg_backend_pid() % {_SLOTS}, -:succeeded, -:no_face, :failed, -:cancelled)
    ON CONFLICT (job_id, slot) DO UPDATE
    SET succeeded = tally.succeeded + excluded.succeeded,
        no_face = tally.no_face + excluded.no_face,
        failed = tally.failed + excluded.failed,
        cancelled = tally.cancelled + excluded.cancelled
""")


class TallyRepository:
    """Reads the counts of jobs in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def turn_to_failed(self, job_id: int, photos: Mapping[ItemStatus, int]) -> None:
        """Count photos as failed from now on, so many that were in each status before."""
        was = {status.value: photos.get(status, 0) for status in _FINAL}
        failed = sum(photos.values()) - was.pop(ItemStatus.FAILED.value)
        self._session.execute(_TURN_TO_FAILED, {"job_id": job_id, "failed": failed, **was})

    def counts(self, job_ids: Sequence[int]) -> dict[int, JobCounts]:
        """Return how many photos of each job are in each status."""
        rows = self._session.execute(_COUNTS, {"ids": list(job_ids)})
        return {
            row.id: JobCounts(
                total=row.total,
                queued=row.total
                - row.running
                - (row.succeeded + row.no_face + row.failed + row.cancelled),
                running=row.running,
                succeeded=row.succeeded,
                no_face=row.no_face,
                failed=row.failed,
                cancelled=row.cancelled,
            )
            for row in rows
        }

    def open_photos(self, tenant: str) -> int:
        """Count the tenant's photos that are not final, and all of its unsealed uploads.

        Of these those too that were refused at once, as empty files are: 20,000 of them were
        26 MB of rows at a count of 0.
        """
        return self.open_and_limits(tenant)[0]

    def open_and_limits(self, tenant: str) -> tuple[int, TenantLimits]:
        """Count the tenant's `open_photos`, and read its own limits, by one statement."""
        row = self._session.execute(_OPEN, {"tenant": tenant}).one()
        return int(row[0]), TenantLimits(*row[1:])
