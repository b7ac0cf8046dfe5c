"""What feeder and sweeper ask of the database.

Every statement is idempotent and takes its rows with SKIP LOCKED, so that any number of them
may run and be killed at any point.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.errors import ItemErrorCode
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.queues import Lane
from services.common.jobs.queue.repositories.wanted import WANTED_DETECTOR
from services.common.jobs.repositories.tallies import tallying

# A crash beside others proves nothing; the third one alone does.
ISOLATED_CRASHES = 3

_DETAILS = {
    ItemErrorCode.TIME_LIMIT: "Analysing this photo took too long three times, also by itself.",
    ItemErrorCode.OUT_OF_MEMORY: "This photo needs more memory than a worker has.",
    ItemErrorCode.INTERNAL: "Analysing this photo failed three times for a fault of ours.",
    ItemErrorCode.CRASHED_WORKER: "This photo crashed the analysing process three times.",
    ItemErrorCode.RETRIES_EXHAUSTED: "This photo could not be analysed in many tries.",
}


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """Ready photos of one job in one lane, counted up to the cap of the query."""

    job_id: int
    lane: Lane
    ready: int


@dataclass(frozen=True, slots=True)
class ClosedJob:
    """A job that reached its final status."""

    job_id: int
    status: JobStatus


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """Figures for gauges and alerts. ``unaccounted`` must be 0: finished without an outcome."""

    ready: dict[Lane, int]
    waits_s: dict[Lane, float]
    leased: int
    unaccounted: int
    dead_rows: int

    @property
    def oldest_ready_s(self) -> float:
        """How long the first of all ready photos has waited."""
        return max(self.waits_s.values())


_WAITING = text(f"""
    SELECT job.id AS job_id, ready.queue AS lane, ready.amount
    FROM job CROSS JOIN LATERAL (
        SELECT queue, count(*) AS amount FROM (
            SELECT queue FROM item
            WHERE job_id = job.id AND state = {ItemState.READY} AND next_at <= now()
            ORDER BY next_at, id LIMIT :cap
        ) AS capped
        GROUP BY queue
    ) AS ready
    WHERE job.finished_at IS NULL AND job.status IN ('queued', 'running')
      AND (job.expires_at IS NULL OR job.expires_at > now())
      AND ({WANTED_DETECTOR} IS NULL OR {WANTED_DETECTOR} = ANY(:detectors))
    ORDER BY job.id
    LIMIT :limit
""")

_EXPIRE = text(f"""
    WITH due AS (
        SELECT id, job_id, solo, iso_crashes, attempts, last_error FROM item
        WHERE state = {ItemState.LEASED} AND lease_until <= now()
        ORDER BY lease_until LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), decided AS (
        SELECT due.id, due.solo::int + due.iso_crashes AS crashes,
               CASE WHEN job.status = 'cancelling' THEN 'cancelled'
                    WHEN due.solo AND due.iso_crashes + 1 >= :crashes THEN
                        CASE WHEN due.last_error = ANY(:reasons) THEN due.last_error
                             ELSE 'crashed_worker' END
                    WHEN due.attempts >= :max_attempts THEN 'retries_exhausted'
                    ELSE 'ready' END AS result
        FROM due JOIN job ON job.id = due.job_id
    ), moved AS (
        UPDATE item
        SET state = CASE result WHEN 'ready' THEN {ItemState.READY}
                              WHEN 'cancelled' THEN {ItemState.CANCELLED}
                              ELSE {ItemState.FINISHED} END,
            verdict = CASE WHEN result IN ('ready', 'cancelled') THEN NULL
                           ELSE {Verdict.FAILED} END,
            solo = true,
            iso_crashes = decided.crashes,
            next_at = now() + make_interval(secs => decided.crashes),
            last_error = CASE WHEN result IN ('ready', 'cancelled')
                              THEN coalesce(last_error, 'crashed_worker') ELSE result END,
            lease_token = NULL, lease_task = NULL, lease_until = NULL
        FROM decided WHERE item.id = decided.id
        RETURNING item.id, item.job_id, item.state, item.verdict, decided.result
    ), tallied AS ({tallying("moved")}
    ), failed AS (
        INSERT INTO outcome (item_id, ok, error_code, error_detail)
        SELECT moved.id, false, moved.result, details.detail
        FROM moved JOIN unnest(CAST(:codes AS text[]), CAST(:details AS text[]))
            AS details(code, detail) ON details.code = moved.result
    )
    SELECT result, count(*) AS amount FROM moved GROUP BY result
""")

_CANCEL = text(f"""
    WITH dropped AS (
        SELECT item.id FROM job JOIN item ON item.job_id = job.id AND item.state = {ItemState.READY}
        WHERE job.finished_at IS NULL
          AND (job.status = 'cancelling'
               OR job.status IN ('queued', 'running') AND job.expires_at <= now())
        LIMIT :limit
        FOR UPDATE OF item SKIP LOCKED
    ), moved AS (
        UPDATE item SET state = {ItemState.CANCELLED} FROM dropped WHERE item.id = dropped.id
        RETURNING item.job_id, item.state, item.verdict
    ), tallied AS ({tallying("moved")})
    SELECT count(*) FROM moved
""")

_CLOSE = text(f"""
    WITH closable AS (
        SELECT id,
               CASE WHEN status = 'cancelling' THEN 'cancelled'
                    WHEN expires_at <= now() AND EXISTS (
                        SELECT FROM item WHERE job_id = job.id AND state = {ItemState.CANCELLED}
                    ) THEN 'expired'
                    WHEN EXISTS (
                        SELECT FROM item WHERE job_id = job.id AND state = {ItemState.FINISHED}
                          AND verdict < {Verdict.FAILED}
                    ) THEN 'succeeded'
                    ELSE 'failed' END AS final
        FROM job
        WHERE finished_at IS NULL AND status IN ('queued', 'running', 'cancelling')
          AND (CAST(:job AS bigint) IS NULL OR id = :job)
          AND NOT EXISTS (
              SELECT FROM item WHERE job_id = job.id
                AND state IN ({ItemState.READY}, {ItemState.LEASED})
          )
        ORDER BY id LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE job SET status = closable.final, finished_at = now()
    FROM closable WHERE job.id = closable.id
    RETURNING job.id, job.status
""")

# A photo waits from the moment that its job was sealed; before that nobody may claim it.
_READY = text(f"""
    SELECT queue, count(*),
           coalesce(extract(epoch FROM now() - min(greatest(next_at, job.sealed_at))), 0)
    FROM item JOIN job ON job.id = item.job_id AND job.status <> 'open'
    WHERE state = {ItemState.READY} AND next_at <= now() GROUP BY queue
""")
_LEASED = text(f"SELECT count(*) FROM item WHERE state = {ItemState.LEASED}")
_UNACCOUNTED = text(f"""
    SELECT count(*) FROM job JOIN item ON item.job_id = job.id AND item.state = {ItemState.FINISHED}
    WHERE job.finished_at IS NULL
      AND NOT EXISTS (SELECT FROM outcome WHERE item_id = item.id)
""")
_DEAD_ROWS = text("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'item'")


class SweepRepository:
    """Queries of the maintenance process, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def waiting_jobs(
        self, *, cap: int, limit: int, detectors: Collection[str] = ()
    ) -> list[WaitingJob]:
        """Jobs with ready photos, first come first; whose turn it is the claims decide.

        One that asks for a detector is left out where ``detectors``, those of live workers, do
        not have it: nobody could follow a hint for it, and it would take another job's place.
        """
        rows = self._session.execute(
            _WAITING, {"cap": cap, "limit": limit, "detectors": list(detectors)}
        )
        return [WaitingJob(row.job_id, Lane(row.lane), row.amount) for row in rows]

    def expire_leases(self, *, limit: int, max_attempts: int) -> Counter[str]:
        """Take back leases that ran out; how many items ended how.

        A first crash makes its whole chunk suspect: each photo runs again, alone. The third
        crash alone, or too many attempts, finishes the photo with an error. The result is
        ``ready``, ``cancelled`` or the code of that error.
        """
        rows = self._session.execute(
            _EXPIRE,
            {
                "limit": limit,
                "crashes": ISOLATED_CRASHES,
                "max_attempts": max_attempts,
                "reasons": [code.value for code in _DETAILS],
                "codes": [code.value for code in _DETAILS],
                "details": list(_DETAILS.values()),
            },
        )
        return Counter({row.result: row.amount for row in rows})

    def cancel_slice(self, *, limit: int) -> int:
        """Cancel ready items of jobs that are cancelling or past their deadline."""
        return self._session.scalar(_CANCEL, {"limit": limit}) or 0

    def close_ready(self, *, job_id: int | None = None, limit: int = 1) -> list[ClosedJob]:
        """Move sealed jobs without open items to their final status, without a message.

        Only `closing.close_jobs` calls it, which writes the messages as well.

        Args:
            job_id: look at this job alone.
            limit: most jobs to close.
        """
        rows = self._session.execute(_CLOSE, {"job": job_id, "limit": limit})
        return [ClosedJob(row.id, JobStatus(row.status)) for row in rows]

    def health(self) -> QueueHealth:
        """Read the figures behind gauges and alerts; some 10 ms at 100,000 open items."""
        ready = self._session.execute(_READY).all()
        return QueueHealth(
            ready=dict.fromkeys(Lane, 0) | {Lane(lane): n for lane, n, _ in ready},
            waits_s=dict.fromkeys(Lane, 0.0) | {Lane(lane): float(age) for lane, _, age in ready},
            leased=self._session.scalar(_LEASED) or 0,
            unaccounted=self._session.scalar(_UNACCOUNTED) or 0,
            dead_rows=self._session.scalar(_DEAD_ROWS) or 0,
        )
