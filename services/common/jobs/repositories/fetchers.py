"""Live ingest processes, as rows of ``worker`` without a model: health only, never correctness."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.processes.repositories import LIVE_S

_KIND = "ingest"

_BEAT = text("""
    INSERT INTO worker (id, kind, host, pid, current)
    VALUES (:id, :kind, :host, :pid, CAST(:current AS jsonb))
    ON CONFLICT (id) DO UPDATE SET beat_at = now(), current = excluded.current
""")
_REMOVE = text("DELETE FROM worker WHERE id = :id")
_FORSAKEN = text("""
    SELECT NOT EXISTS (
        SELECT FROM worker WHERE kind = :kind AND beat_at > now() - make_interval(secs => :live_s)
    ) AND EXISTS (
        SELECT FROM url_fetch JOIN job ON job.id = url_fetch.job_id
        WHERE url_fetch.next_at < now() AND job.status IN ('queued', 'running')
    )
""")


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
            "kind": _KIND,
            "host": host,
            "pid": pid,
            "current": json.dumps(current),
        }
        self._session.execute(_BEAT, parameters)

    def remove(self, process_id: uuid.UUID) -> None:
        """Take a process off the list when it leaves."""
        self._session.execute(_REMOVE, {"id": process_id})

    def forsaken(self) -> bool:
        """Whether photos wait to be fetched while no process had a beat within `LIVE_S`."""
        return bool(self._session.scalar(_FORSAKEN, {"kind": _KIND, "live_s": LIVE_S}))
