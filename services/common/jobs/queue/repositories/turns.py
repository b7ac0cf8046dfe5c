"""Whose turn it is: tenants in proportion to their weights, jobs of a tenant one after the other.

Start-time fair queueing (Goyal, Vin and Cheng, 1996). A claim takes the waiting tenant with the
smallest start tag and moves its finish tag on by photos over weight. A tenant that comes back
starts where those who waited are: idleness saves nothing up, and having had all of an idle
machine costs nothing later. Tags are kept by lane, in `TenantTurn`.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.jobs import ItemState
from services.common.domain.queues import Lane
from services.common.jobs.queue.repositories.wanted import WANTED_DETECTOR, WANTED_MODEL
from services.common.telemetry import Origin

# Who asks for a place further back is told this one: counting on costs time and says no more.
LAST_POSITION = 1_000


@dataclass(frozen=True, slots=True)
class JobTurn:
    """A job whose turn it is, and what a worker must know of it before it claims.

    Attributes:
        id: the job's bigint id.
        ready: photos that wait, counted up to a cap; at least one.
        tag: the tenant's start tag, for the claim.
        others: further tenants that wait in this lane.
        fresh: whether it is the job's first turn.
        shared: whether the tenant has further active jobs in this lane.
    """

    id: int
    public_id: uuid.UUID
    tenant: str
    options: Mapping[str, Any]
    lane: Lane
    ready: int
    tag: float = 0.0
    others: frozenset[str] = frozenset()
    fresh: bool = False
    shared: bool = False
    origin: Origin = field(default_factory=Origin)

    @property
    def to_mark(self) -> bool:
        """Whether the turn is to be noted on the job: where it is alone nobody would ask."""
        return self.fresh or self.shared


# As the predicate of ix_job_turn says it, so that the planner knows the index by it.
_ACTIVE = "status IN ('queued', 'running')"

_ORDER = "tenant, turn_at, id"

# A job past its deadline hands out nothing more; the sweeper cancels what is left.
_CLAIMABLE = f"""
    job.{_ACTIVE} AND (job.expires_at IS NULL OR job.expires_at > now())
    AND ({WANTED_DETECTOR} IS NULL
         OR {WANTED_DETECTOR} = coalesce(:detector, {WANTED_DETECTOR}))
    AND ({WANTED_MODEL} IS NULL OR {WANTED_MODEL} = ANY(CAST(:models AS text[])))
"""

# Statistics lag behind a job of 100,000: the planner takes it for one row and sorts all of it,
# or takes every row for ready and walks those that are finished, 25 to 60 ms a claim. Only
# ix_item_ready_job gives the order of claims without a sort; then it is 1 ms, whatever they say.
# Tenants and their jobs come out of ix_job_turn in the same way, which is why the whole of its
# order is asked for where a part of it would do: other indexes begin with the tenant as well.
BY_INDEX = text("""
    SELECT set_config('enable_sort', 'off', true),
           set_config('enable_incremental_sort', 'off', true)
""")


# A look for each, so that a claim need not choose in a lane that has nobody.
LANES = text(f"""
    SELECT lanes.lane FROM unnest(CAST(:lanes AS text[])) WITH ORDINALITY AS lanes(lane, place)
    CROSS JOIN LATERAL (
        SELECT FROM job WHERE job.lane = lanes.lane AND {_ACTIVE} ORDER BY {_ORDER} LIMIT 1
    ) AS active
    ORDER BY place
""")


def _tenants(name: str, lane: str) -> str:
    """Return CTEs of tenants with active jobs in a lane, one look at ix_job_turn for each."""
    return f"""
        {name}(tenant) AS (
            (SELECT tenant FROM job WHERE lane = {lane} AND {_ACTIVE} ORDER BY {_ORDER} LIMIT 1)
            UNION ALL
            SELECT following.tenant FROM {name} CROSS JOIN LATERAL (
                SELECT tenant FROM job
                WHERE lane = {lane} AND {_ACTIVE} AND tenant > {name}.tenant
                ORDER BY {_ORDER} LIMIT 1
            ) AS following
        )
    """


def _first_job(tenants: str, lane: str) -> str:
    """Return a subquery: the job of a tenant whose turn is next of those with ready photos."""
    return f"""
        SELECT job.id FROM job CROSS JOIN LATERAL (
            SELECT FROM item
            WHERE job_id = job.id AND state = {ItemState.READY} AND next_at <= now()
            ORDER BY next_at, id LIMIT 1
        ) AS ready
        WHERE job.lane = {lane} AND job.tenant = {tenants}.tenant AND {_CLAIMABLE}
          AND job.id <> ALL(:passed)
        ORDER BY job.turn_at, job.id LIMIT 1
    """


TURN = text(f"""
    WITH RECURSIVE {_tenants("active", ":lane")}, waiting AS MATERIALIZED (
        SELECT active.tenant, first.id AS job_id, coalesce(turn.start_tag, 0) AS start_tag,
               coalesce(turn.finish_tag, 0) AS finish_tag
        FROM active CROSS JOIN LATERAL ({_first_job("active", ":lane")}) AS first
        LEFT JOIN tenant_turn AS turn ON turn.lane = :lane AND turn.tenant = active.tenant
    ), chosen AS MATERIALIZED (
        SELECT job_id, greatest(finish_tag, (SELECT max(start_tag) FROM waiting)) AS tag
        FROM waiting ORDER BY tag, start_tag, tenant LIMIT 1
    )
    SELECT job.id, job.public_id, job.tenant, job.options, job.request_id, job.traceparent,
           chosen.tag, ready.amount AS ready,
           ARRAY(SELECT tenant FROM waiting WHERE tenant <> job.tenant) AS others,
           job.status = 'queued' AS fresh, 1 < (
               SELECT count(*) FROM (
                   SELECT FROM job AS other
                   WHERE other.lane = :lane AND other.tenant = job.tenant AND other.{_ACTIVE}
                   ORDER BY other.turn_at, other.id LIMIT 2
               ) AS two
           ) AS shared
    FROM chosen JOIN job ON job.id = chosen.job_id CROSS JOIN LATERAL (
        SELECT count(*) AS amount FROM (
            SELECT FROM item
            WHERE job_id = job.id AND state = {ItemState.READY} AND next_at <= now()
            ORDER BY next_at, id LIMIT :cap
        ) AS capped
    ) AS ready
""")

# A row that is locked is not waited for: by another claim it is marked, by a cancel it is over.
MARK = text(f"""
    UPDATE job
    SET turn_at = clock_timestamp(), status = 'running', started_at = coalesce(started_at, now())
    FROM (
        SELECT id FROM job WHERE id = :job AND {_ACTIVE} FOR NO KEY UPDATE SKIP LOCKED
    ) AS mine
    WHERE job.id = mine.id
""")

GIVE_WAY = text(f"""
    WITH RECURSIVE {_tenants("hasty", "'interactive'")}, {_tenants("active", ":lane")}
    SELECT EXISTS (
        SELECT FROM active CROSS JOIN LATERAL ({_first_job("active", ":lane")}) AS first
        WHERE active.tenant <> ALL(:known)
    ) OR CASE WHEN :lane = 'batch' THEN EXISTS (
        SELECT FROM hasty CROSS JOIN LATERAL ({_first_job("hasty", "'interactive'")}) AS first
    ) ELSE false END
""")

_POSITIONS = text(f"""
    SELECT job.id, 1 + ahead.jobs FROM job CROSS JOIN LATERAL (
        SELECT count(*) AS jobs FROM (
            SELECT FROM job AS other
            WHERE other.lane = job.lane AND other.tenant = job.tenant AND other.{_ACTIVE}
              AND (other.turn_at, other.id) < (job.turn_at, job.id)
            ORDER BY other.turn_at, other.id LIMIT :cap
        ) AS counted
    ) AS ahead
    WHERE job.id = ANY(:ids) AND job.status = 'queued'
""")


# By ix_job_with_model, which holds few jobs.
_WANTED_MODELS = text(f"""
    SELECT {WANTED_MODEL} FROM job
    WHERE finished_at IS NULL AND (options -> 'model') IS NOT NULL AND {_ACTIVE} AND EXISTS (
        SELECT FROM item
        WHERE job_id = job.id AND state = {ItemState.READY} AND next_at <= now()
    )
    ORDER BY turn_at, id LIMIT 100
""")


class TurnRepository:
    """Reads and marks turns in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_index = False

    def lanes(self) -> list[Lane]:
        """Return the lanes with active jobs in the order of claims: small jobs first."""
        self._walk_indexes()
        rows = self._session.scalars(LANES, {"lanes": [Lane.INTERACTIVE, Lane.BATCH]})
        return [Lane(lane) for lane in rows]

    def next(
        self,
        lane: Lane,
        *,
        cap: int,
        detector: str | None = None,
        models: Collection[bytes] = (),
        passed: Collection[int] = (),
    ) -> JobTurn | None:
        """Return the job whose turn it is in a lane; None when nothing waits there.

        Args:
            lane: whose photos.
            cap: ready photos of the job are counted up to here.
            detector: the worker's; a job that asks for another one is not for it.
            models: those that the worker can answer with; a job that asks for another one is not
                for it either.
            passed: jobs that are left out.
        """
        self._walk_indexes()
        parameters = {
            "lane": lane,
            "cap": cap,
            "detector": detector,
            "models": [sha256.hex() for sha256 in models],
            "passed": list(passed),
        }
        row = self._session.execute(TURN, parameters).one_or_none()
        if row is None:
            return None
        return JobTurn(
            row.id,
            row.public_id,
            row.tenant,
            row.options,
            lane,
            row.ready,
            tag=row.tag,
            others=frozenset(row.others),
            fresh=row.fresh,
            shared=row.shared,
            origin=Origin(row.request_id, row.traceparent),
        )

    def mark(self, job_id: int) -> None:
        """Note that a job has its turn, and move it to running on its first one.

        It waits for nobody, and so may follow the claim: a deletion locks the job first.
        """
        self._session.execute(MARK, {"job": job_id})

    def gives_way(
        self, turn: JobTurn, *, detector: str | None = None, models: Collection[bytes] = ()
    ) -> bool:
        """Whether the work on ``turn`` is to be left between two micro-batches.

        It is for a tenant that came since then and, in the batch lane, for interactive photos.
        """
        self._walk_indexes()
        parameters = {
            "lane": turn.lane,
            "known": [turn.tenant, *turn.others],
            "detector": detector,
            "models": [sha256.hex() for sha256 in models],
            "passed": [],
        }
        return bool(self._session.scalar(GIVE_WAY, parameters))

    def positions(self, job_ids: Sequence[int]) -> dict[int, int]:
        """Return the place of each queued job in the turns of its tenant and lane.

        1 is next; `LAST_POSITION` is that or further back. Jobs that are not queued are left out.
        """
        self._walk_indexes()
        parameters = {"ids": list(job_ids), "cap": LAST_POSITION - 1}
        rows = self._session.execute(_POSITIONS, parameters)
        return {job_id: int(position) for job_id, position in rows}

    def wanted_models(self) -> list[bytes]:
        """Return the models that jobs with ready photos ask for, who waits longest first."""
        rows = self._session.scalars(_WANTED_MODELS)
        return [bytes.fromhex(sha256) for sha256 in dict.fromkeys(rows)]

    def _walk_indexes(self) -> None:
        if not self._by_index:
            self._session.execute(BY_INDEX)
            self._by_index = True
