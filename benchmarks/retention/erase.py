"""The product's own retention over jobs that are due, with a bucket that is empty."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil
from rich.progress import Progress
from sqlalchemy import Connection, Engine, text

from benchmarks.retention.weigh import spent
from services.common.db.session import SessionFactory
from services.common.retention_settings import RetentionSettings
from services.common.storage import StoredObject
from services.common.telemetry import Metrics
from services.maintenance.retention import Retention

_DUE = text("SELECT coalesce(sum(total), 0) FROM job WHERE expires_at <= now()")
_ONE = text("SELECT id FROM job WHERE expires_at <= now() AND total = :photos ORDER BY id LIMIT 1")


class EmptyBucket:
    """Answers at once that there is nothing: the figures are those of the database."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete nothing."""
        for _key in keys:
            pass

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """List nothing."""
        del prefix, after
        return iter(())


@dataclass(frozen=True, slots=True)
class Erased:
    """What was forgotten, and how long a step took, in seconds.

    ``core_ms`` is Postgres' CPU in milliseconds and ``log`` bytes of write-ahead log, both for a
    photo; vacuums that ran meanwhile, and whatever else did, are in them.
    """

    photos: int
    seconds: float
    photos_per_s: float
    steps: int
    longest_step_s: float
    idle_step_s: float
    core_ms: float
    log: float


def erase_due(engine: Engine, sessions: SessionFactory, server: psutil.Process) -> Erased:
    """Run steps of retention until no job is due."""
    retention = Retention(sessions, EmptyBucket(), settings=RetentionSettings(), metrics=Metrics())
    steps: list[float] = []
    before = spent(engine, server)
    with engine.connect() as connection, Progress() as progress:
        photos = due = _due(connection)
        task = progress.add_task(f"forgetting {photos:,} photos", total=photos)
        while due:
            steps.append(_timed_step(retention))
            due = _due(connection)
            progress.update(task, completed=photos - due)
    seconds, used = sum(steps), spent(engine, server).since(before)
    return Erased(
        photos=photos,
        seconds=round(seconds, 1),
        photos_per_s=round(photos / seconds),
        steps=len(steps),
        longest_step_s=round(max(steps), 2),
        idle_step_s=round(_timed_step(retention), 3),
        core_ms=round(1_000 * used.cpu_s / photos, 4),
        log=round(used.log / photos, 1),
    )


def shares(engine: Engine, *, photos: int) -> dict[str, float]:
    """Milliseconds per photo and per job of a deletion that is rolled back, by what ran it.

    The keys are names of constraints whose triggers ran, ``item`` for the rows themselves.
    """
    with engine.connect() as connection:
        job = connection.scalar(_ONE, {"photos": photos})
        items = _explain(connection, "DELETE FROM item WHERE job_id = :job", job)
        whole = _explain(connection, "DELETE FROM job WHERE id = :job", job)
        connection.rollback()
    found = {name: round(ms / photos, 5) for name, ms in items.items()}
    return {**found, **{f"{name} (a job)": round(ms, 3) for name, ms in whole.items()}}


def _explain(connection: Connection, statement: str, job: Any) -> dict[str, float]:
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    plan = connection.execute(explained, {"job": job}).scalar_one()[0]
    triggers = {each["Constraint Name"]: float(each["Time"]) for each in plan["Triggers"]}
    return {"rows": float(plan["Execution Time"]) - sum(triggers.values()), **triggers}


def _timed_step(retention: Retention) -> float:
    started = time.perf_counter()
    retention.step()
    return time.perf_counter() - started


def _due(connection: Connection) -> int:
    with connection.begin():
        return int(connection.execute(_DUE).scalar_one())
