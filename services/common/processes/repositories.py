"""Live processes, as rows of ``worker``: children of workers, and ingest processes without a model.

They serve readiness, the choice of a device and the watchdog only. Nothing about correctness
hangs on these rows: a process without one works just as well.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.jobs import ItemState
from services.common.domain.queues import Device

# Three missed beats of ten seconds.
LIVE_S = 30.0
FORGOTTEN_S = 86_400.0
_INGEST = "ingest"


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """Who a worker child is. ``main_pid`` is that of the Celery process it belongs to."""

    id: uuid.UUID
    kind: Device
    host: str
    pid: int
    main_pid: int
    model_version: str


@dataclass(frozen=True, slots=True)
class RefusedModel:
    """A bundle, by its SHA-256, that so many children do not use though they should, and why."""

    sha256: bytes
    code: str
    reason: str
    workers: int


@dataclass(frozen=True, slots=True)
class JobModelsTold:
    """What a child tells of models besides the active one.

    ``room`` is how many it can hold for want of memory; ``refused`` the reason of each that it
    cannot load, by its SHA-256 in hex.
    """

    room: int
    refused: Mapping[str, str]


# Inserted again when someone removed the row, so that a beat is all that a live worker needs.
_BEAT = text("""
    INSERT INTO worker (id, kind, host, pid, model_version, claimed_at, current)
    VALUES (:id, :kind, :host, :pid, :model_version,
            now() - make_interval(secs => CAST(:claim_age_s AS float8)), CAST(:current AS jsonb))
    ON CONFLICT (id) DO UPDATE
    SET beat_at = now(), model_version = excluded.model_version,
        claimed_at = coalesce(excluded.claimed_at, worker.claimed_at), current = excluded.current
""")
_REMOVE = text("DELETE FROM worker WHERE id = :id")
_FORGET = text("DELETE FROM worker WHERE beat_at < now() - make_interval(secs => :age)")
_LIVE = text("""
    SELECT kind, count(*) FROM worker
    WHERE model_version IS NOT NULL AND beat_at > now() - make_interval(secs => :live_s)
    GROUP BY kind
""")
_ANSWERING = text("""
    SELECT model_version, count(*) FROM worker
    WHERE model_version IS NOT NULL AND beat_at > now() - make_interval(secs => :live_s)
    GROUP BY model_version
""")
# A worker of before detectors were told reports none: an empty name.
_DETECTORS = text("""
    SELECT DISTINCT coalesce(current ->> 'detector', '') FROM worker
    WHERE model_version IS NOT NULL AND beat_at > now() - make_interval(secs => :live_s)
""")
_FORMATS = text("""
    SELECT DISTINCT current -> 'formats' FROM worker
    WHERE model_version IS NOT NULL AND beat_at > now() - make_interval(secs => :live_s)
      AND jsonb_typeof(current -> 'formats') = 'array'
""")
_SHIPPED = text("""
    SELECT DISTINCT current ->> 'shipped' FROM worker
    WHERE model_version IS NOT NULL AND beat_at > now() - make_interval(secs => :live_s)
      AND current ->> 'shipped' IS NOT NULL
""")
_JOB_MODELS = text("""
    SELECT current -> 'job_models' FROM worker
    WHERE model_version IS NOT NULL AND beat_at > now() - make_interval(secs => :live_s)
""")
_REFUSALS = text("""
    SELECT refusal ->> 'sha256', refusal ->> 'code', refusal ->> 'reason', count(*)
    FROM worker, jsonb_array_elements(worker.current -> 'model_refusals') AS refusal
    WHERE beat_at > now() - make_interval(secs => :live_s)
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3
""")
_STARVING = text(f"""
    SELECT (
        SELECT max(coalesce(claimed_at, started_at)) < now() - make_interval(secs => :waiting_s)
        FROM worker WHERE host = :host AND current ->> 'main_pid' = :main_pid
    ) AND EXISTS (
        SELECT FROM item JOIN job ON job.id = item.job_id
        WHERE item.state = {ItemState.READY}
          AND item.next_at < now() - make_interval(secs => :waiting_s)
          AND job.status IN ('queued', 'running')
          AND (job.options ->> 'detector' IS NULL OR job.options ->> 'detector' IN (
              SELECT current ->> 'detector' FROM worker
              WHERE host = :host AND current ->> 'main_pid' = :main_pid))
    )
""")
_BEAT_OF_INGEST = text("""
    INSERT INTO worker (id, kind, host, pid, current)
    VALUES (:id, :kind, :host, :pid, CAST(:current AS jsonb))
    ON CONFLICT (id) DO UPDATE SET beat_at = now(), current = excluded.current
""")
_UNATTENDED = text("""
    SELECT NOT EXISTS (
        SELECT FROM worker WHERE kind = :kind AND beat_at > now() - make_interval(secs => :live_s)
    ) AND EXISTS (
        SELECT FROM url_fetch JOIN job ON job.id = url_fetch.job_id
        WHERE url_fetch.next_at < now() AND job.status IN ('queued', 'running')
    )
""")


class WorkerRepository:
    """Reads and writes worker rows in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def beat(
        self,
        worker: WorkerIdentity,
        *,
        claim_age_s: float | None,
        current: Mapping[str, Any],
    ) -> None:
        """Say that a worker lives, when it last claimed and what it does."""
        self._session.execute(
            _BEAT,
            {
                "id": worker.id,
                "kind": worker.kind.value,
                "host": worker.host,
                "pid": worker.pid,
                "model_version": worker.model_version,
                "claim_age_s": claim_age_s,
                "current": json.dumps({**current, "main_pid": str(worker.main_pid)}),
            },
        )

    def remove(self, worker_id: uuid.UUID) -> None:
        """Take a worker off the list when it leaves."""
        self._session.execute(_REMOVE, {"id": worker_id})

    def forget_dead(self) -> None:
        """Drop rows of processes whose last beat is a day old."""
        self._session.execute(_FORGET, {"age": FORGOTTEN_S})

    def live(self) -> dict[Device, int]:
        """How many children of each kind have a model and a beat within `LIVE_S`."""
        return {Device(kind): n for kind, n in self._session.execute(_LIVE, {"live_s": LIVE_S})}

    def answering(self) -> dict[str, int]:
        """How many children with a beat within `LIVE_S` answer with which model version."""
        rows = self._session.execute(_ANSWERING, {"live_s": LIVE_S})
        return {str(version): int(count) for version, count in rows}

    def detectors(self) -> set[str]:
        """Detectors of children with a model and a beat within `LIVE_S`; "" of one that tells none.

        The set is empty where no such child is.
        """
        return set(self._session.scalars(_DETECTORS, {"live_s": LIVE_S}))

    def formats(self) -> list[frozenset[str]]:
        """What children with a model and a beat within `LIVE_S` read, where they tell it."""
        return [frozenset(names) for names in self._session.scalars(_FORMATS, {"live_s": LIVE_S})]

    def shipped(self) -> set[bytes]:
        """SHA-256 of the bundles that children with a beat within `LIVE_S` were installed with.

        Who reports one follows the registry and does trial loads; workers of before do not.
        """
        return {bytes.fromhex(sha) for sha in self._session.scalars(_SHIPPED, {"live_s": LIVE_S})}

    def job_models(self) -> list[JobModelsTold | None]:
        """Of each live child what it tells of models that jobs name; None of one of before."""
        told = self._session.scalars(_JOB_MODELS, {"live_s": LIVE_S})
        return [one and JobModelsTold(int(one["room"]), dict(one["refused"])) for one in told]

    def refusals(self) -> list[RefusedModel]:
        """Which models children with a beat within `LIVE_S` refuse, the most frequent first."""
        rows = self._session.execute(_REFUSALS, {"live_s": LIVE_S})
        return [
            RefusedModel(bytes.fromhex(sha256), code=code, reason=reason, workers=workers)
            for sha256, code, reason, workers in rows
        ]

    def starving(self, worker: WorkerIdentity, *, waiting_s: float) -> bool:
        """Whether photos have waited that long while no child of this main process claimed."""
        parameters = {
            "host": worker.host,
            "main_pid": str(worker.main_pid),
            "waiting_s": waiting_s,
        }
        return bool(self._session.scalar(_STARVING, parameters))


class FetcherRepository:
    """Reads and writes rows of ingest processes in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def beat(
        self, process_id: uuid.UUID, *, host: str, pid: int, current: Mapping[str, Any]
    ) -> None:
        """Say that a process lives and what it does."""
        parameters = {
            "id": process_id,
            "kind": _INGEST,
            "host": host,
            "pid": pid,
            "current": json.dumps(current),
        }
        self._session.execute(_BEAT_OF_INGEST, parameters)

    def remove(self, process_id: uuid.UUID) -> None:
        """Take a process off the list when it leaves."""
        self._session.execute(_REMOVE, {"id": process_id})

    def unattended(self) -> bool:
        """Whether photos wait to be fetched while no process had a beat within `LIVE_S`."""
        return bool(self._session.scalar(_UNATTENDED, {"kind": _INGEST, "live_s": LIVE_S}))
