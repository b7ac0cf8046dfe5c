"""What a worker does to items: claim, renew, finish, give back. One statement each.

Postgres' clock is the only one. Every change of a leased item is guarded by the token of its
lease, so that a worker that lost it, however late it wakes up, writes nothing.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from services.common.domain.errors import ItemErrorCode
from services.common.domain.jobs import JobStatus
from services.common.jobs.queue.outcomes import ItemOutcome, to_columns
from services.common.jobs.repositories.tallies import tallying
from services.common.telemetry import Origin


@dataclass(frozen=True, slots=True)
class ClaimableJob:
    """What a worker must know of a job before it claims; ``ready`` is counted up to a cap."""

    id: int
    public_id: uuid.UUID
    options: Mapping[str, Any]
    lane: str
    ready: int
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    """A photo under a lease. ``attempts`` counts this claim; ``solo`` marks a suspect."""

    id: int
    public_id: uuid.UUID
    object_key: str
    sha256: bytes
    byte_count: int
    attempts: int
    solo: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """An item to be tried again: when, and why."""

    id: int
    delay_s: float
    reason: str


# A job past its deadline hands out nothing more; the sweeper cancels what is left.
_ACTIVE = """
    status IN ('queued', 'running') AND (expires_at IS NULL OR expires_at > now())
"""

# Statistics lag behind a job of 100,000: the planner takes it for one row and sorts all of it,
# or takes every row for ready and walks those that are finished, 25 to 60 ms a claim. Only
# ix_item_ready_job gives the order below without a sort; then it is 1 ms, whatever they say.
_BY_INDEX = text("SET LOCAL enable_sort = off")

_JOB = text(f"""
    SELECT job.id, job.public_id, job.options, job.request_id, job.traceparent,
           job.status = 'queued' AS fresh,
           coalesce(min(ready.queue), '') AS lane, count(ready.queue) AS ready
    FROM job
    LEFT JOIN LATERAL (
        SELECT queue FROM item
        WHERE job_id = job.id AND state = 0 AND next_at <= now()
        ORDER BY next_at, id LIMIT :cap
    ) AS ready ON true
    WHERE job.id = :job AND {_ACTIVE}
    GROUP BY job.id
""")  # noqa: S608 - a constant of this module

_START = text("""
    UPDATE job SET status = 'running', started_at = now() WHERE id = :job AND status = 'queued'
""")

# A suspect is taken when it comes first, and alone; it is left out when it comes later.
_CLAIM = text("""
    WITH candidate AS (
        SELECT id, next_at, solo, byte_count FROM item
        WHERE job_id = :job AND state = 0 AND next_at <= now() AND (:suspects OR NOT solo)
        ORDER BY next_at, id LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), ranked AS (
        SELECT id, solo,
               row_number() OVER in_order AS place,
               first_value(solo) OVER in_order AS alone,
               sum(byte_count) OVER in_order AS bytes
        FROM candidate WINDOW in_order AS (ORDER BY next_at, id)
    )
    UPDATE item
    SET state = 1, attempts = attempts + 1, lease_token = :token, lease_task = :task,
        lease_until = now() + make_interval(secs => :lease_s)
    FROM ranked
    WHERE item.id = ranked.id
      AND (ranked.place = 1 OR NOT (ranked.alone OR ranked.solo OR ranked.bytes > :max_bytes))
    RETURNING item.id, item.public_id, item.object_key, item.sha256, item.byte_count,
              item.attempts, item.solo
""")

_RENEW = text("""
    UPDATE item SET lease_until = now() + make_interval(secs => :lease_s)
    WHERE id = ANY(:ids) AND lease_token = :token AND state = 1
    RETURNING id
""")

# The outcome's primary key holds the promise; the token keeps a zombie from even trying. What
# was in work when its job was cancelled becomes cancelled, and nothing is written for it.
_FINISH = text(f"""
    WITH news AS (
        SELECT * FROM unnest(
            CAST(:ids AS bigint[]), CAST(:verdicts AS smallint[]), CAST(:payloads AS text[]),
            CAST(:codes AS text[]), CAST(:details AS text[]), CAST(:milliseconds AS float8[])
        ) AS news(id, verdict, payload, code, detail, milliseconds)
    ), closed AS (
        UPDATE item
        SET state = CASE WHEN job.status = 'cancelling' THEN 3 ELSE 2 END,
            verdict = CASE WHEN job.status = 'cancelling' THEN NULL ELSE news.verdict END,
            last_error = coalesce(news.code, item.last_error),
            lease_token = NULL, lease_task = NULL, lease_until = NULL
        FROM news, job
        WHERE item.id = news.id AND item.lease_token = :token AND item.state = 1
          AND job.id = item.job_id
        RETURNING item.id, item.job_id, item.state, item.verdict
    ), tallied AS ({tallying("closed")})
    INSERT INTO outcome
        (item_id, ok, payload, error_code, error_detail, model_version, milliseconds)
    SELECT news.id, news.code IS NULL, CAST(news.payload AS jsonb), news.code, news.detail,
           :model_version, news.milliseconds
    FROM news JOIN closed USING (id)
    WHERE closed.state = 2
    RETURNING item_id
""")  # noqa: S608 - constants of our own modules

_RELEASE = text("""
    UPDATE item
    SET state = 0, attempts = attempts - 1,
        next_at = now() + make_interval(secs => :delay_s),
        lease_token = NULL, lease_task = NULL, lease_until = NULL
    WHERE id = ANY(:ids) AND lease_token = :token AND state = 1
""")

_RETRY = text("""
    UPDATE item
    SET state = 0, next_at = now() + make_interval(secs => later.delay_s),
        last_error = later.reason,
        lease_token = NULL, lease_task = NULL, lease_until = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:delays AS float8[]), CAST(:reasons AS text[]))
        AS later(id, delay_s, reason)
    WHERE item.id = later.id AND item.lease_token = :token AND item.state = 1
""")

_FORGET = text("""
    UPDATE item
    SET state = 0, attempts = attempts - 1,
        lease_token = NULL, lease_task = NULL, lease_until = NULL
    WHERE lease_token = :token AND state = 1
""")

_EXPIRE_TASK = text("""
    UPDATE item SET lease_until = now(), last_error = :reason
    WHERE lease_task = :task AND state = 1
""")

_STATUS = text("SELECT status FROM job WHERE id = :job")

_WAITING = text("""
    SELECT EXISTS (
        SELECT 1 FROM item JOIN job ON job.id = item.job_id
        WHERE item.state = 0 AND item.queue = :lane AND item.next_at <= now()
          AND job.status IN ('queued', 'running')
    )
""")


class LeaseRepository:
    """Leases on items. Methods of one session; the caller's unit of work commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def job(self, job_id: int, *, cap: int) -> ClaimableJob | None:
        """Read a job that may be worked on, and move it to running on its first visit.

        The job row is locked before any item is, the order that a deletion takes as well.

        Args:
            job_id: its bigint id.
            cap: ready items are counted up to here.

        Returns:
            None if the job is gone, not sealed, cancelled, past its deadline or final.
        """
        self._session.execute(_BY_INDEX)
        row = self._session.execute(_JOB, {"job": job_id, "cap": cap}).one_or_none()
        if row is None:
            return None
        if row.fresh and row.ready:
            self._session.execute(_START, {"job": job_id})
        return ClaimableJob(
            row.id,
            row.public_id,
            row.options,
            row.lane,
            row.ready,
            Origin(row.request_id, row.traceparent),
        )

    def claim(
        self,
        job_id: int,
        *,
        limit: int,
        max_bytes: int,
        token: uuid.UUID,
        task: uuid.UUID,
        lease_s: float,
        suspects: bool = True,
    ) -> list[ClaimedItem]:
        """Lease up to ``limit`` ready items of a job, at least one, the longest ready first.

        Call `job` before, in the same transaction. Items that others hold or lock are passed
        over. A suspect comes alone; without ``suspects`` none comes. The photos together stay
        within ``max_bytes``, but for a first one that is larger by itself.
        """
        rows = self._session.execute(
            _CLAIM,
            {
                "job": job_id,
                "limit": limit,
                "max_bytes": max_bytes,
                "token": token,
                "task": task,
                "lease_s": lease_s,
                "suspects": suspects,
            },
        )
        return sorted((ClaimedItem(*row) for row in rows), key=lambda item: item.id)

    def forget(self, token: uuid.UUID) -> int:
        """Undo a claim whose commit went through although its answer was lost."""
        return self._count(_FORGET, {"token": token})

    def renew(self, ids: Collection[int], *, token: uuid.UUID, lease_s: float) -> set[int]:
        """Extend leases; the ids still held. The others are lost: write nothing for them."""
        if not ids:
            return set()
        parameters = {"ids": list(ids), "token": token, "lease_s": lease_s}
        return set(self._session.scalars(_RENEW, parameters))

    def finish(
        self,
        outcomes: Sequence[ItemOutcome],
        *,
        token: uuid.UUID,
        model_version: str | None,
    ) -> set[int]:
        """Write results and errors; the ids really written.

        Idempotent: after an ambiguous commit the same call with the same token writes what is
        missing and nothing twice. Items of a cancelled job become cancelled without outcome.
        """
        if not outcomes:
            return set()
        parameters = {**to_columns(outcomes), "token": token, "model_version": model_version}
        return set(self._session.scalars(_FINISH, parameters))

    def release(self, ids: Collection[int], *, token: uuid.UUID, delay_s: float = 0) -> int:
        """Give items back as if never claimed: the attempt does not count."""
        if not ids:
            return 0
        return self._count(_RELEASE, {"ids": list(ids), "token": token, "delay_s": delay_s})

    def retry_later(self, items: Sequence[Retry], *, token: uuid.UUID) -> int:
        """Give items back after a retryable error; the attempt counts."""
        if not items:
            return 0
        parameters = {
            "ids": [item.id for item in items],
            "delays": [item.delay_s for item in items],
            "reasons": [item.reason for item in items],
            "token": token,
        }
        return self._count(_RETRY, parameters)

    def expire_task(self, task: uuid.UUID, *, reason: ItemErrorCode) -> int:
        """End the leases of a task whose process died, so that no one waits for their end."""
        return self._count(_EXPIRE_TASK, {"task": task, "reason": reason.value})

    def status(self, job_id: int) -> JobStatus | None:
        """Read the status of a job; None if it is gone."""
        status = self._session.scalar(_STATUS, {"job": job_id})
        return None if status is None else JobStatus(status)

    def waiting(self, lane: str) -> bool:
        """Whether any ready photo of ``lane`` waits to be claimed."""
        return bool(self._session.scalar(_WAITING, {"lane": lane}))

    def _count(self, statement: Any, parameters: dict[str, Any]) -> int:
        result = self._session.execute(statement, parameters)
        return result.rowcount if isinstance(result, CursorResult) else 0
