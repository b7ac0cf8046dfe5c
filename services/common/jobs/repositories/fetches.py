"""Photos that a URL names, on their way into the bucket: claimed, brought, failed, put off.

A claim is a lease by time: it moves ``next_at`` past the longest fetch, so a fetcher that dies
leaves nothing to clean up. Its token keeps one that is late from writing. Postgres' clock is
the only one.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from services.common.domain.errors import ItemError
from services.common.jobs.repositories.tallies import tallying


@dataclass(frozen=True, slots=True)
class ClaimedFetch:
    """A photo to fetch. ``attempts`` counts this claim."""

    item_id: int
    job_id: int
    tenant: str
    url: str
    attempts: int


@dataclass(frozen=True, slots=True)
class FetchedPhoto:
    """A photo that is in the bucket now."""

    sha256: bytes
    byte_count: int
    object_key: str


_ACTIVE = "status IN ('queued', 'running') AND (expires_at IS NULL OR expires_at > now())"

# The first photo of every job before the second of any, so that a job of 2,000 slow URLs
# does not keep the others waiting.
_CLAIM = text(f"""
    WITH turns AS (
        SELECT turn.item_id FROM job CROSS JOIN LATERAL (
            SELECT item_id, row_number() OVER (ORDER BY next_at, item_id) AS place
            FROM url_fetch WHERE job_id = job.id AND next_at <= now()
            ORDER BY next_at, item_id LIMIT :limit
        ) AS turn
        WHERE job.finished_at IS NULL AND {_ACTIVE}
        ORDER BY turn.place, job.priority, job.id LIMIT :limit
    ), free AS (
        SELECT url_fetch.item_id, url_fetch.job_id FROM url_fetch JOIN turns USING (item_id)
        WHERE url_fetch.next_at <= now()
        FOR UPDATE OF url_fetch SKIP LOCKED
    ), begun AS (
        UPDATE job SET status = 'running', started_at = now()
        WHERE id IN (SELECT job_id FROM free) AND status = 'queued'
    ), claimed AS (
        UPDATE url_fetch
        SET token = :token, attempts = attempts + 1,
            next_at = now() + make_interval(secs => :lease_s)
        FROM free WHERE url_fetch.item_id = free.item_id
        RETURNING url_fetch.item_id, url_fetch.job_id, url_fetch.attempts
    )
    SELECT claimed.item_id, claimed.job_id, job.tenant, item.source_url, claimed.attempts
    FROM claimed JOIN item ON item.id = claimed.item_id JOIN job ON job.id = claimed.job_id
    ORDER BY claimed.item_id
""")  # noqa: S608 - a constant of this module

# Item before fetch, the order of a deletion; a cancelled or erased photo is not brought back.
_ARRIVE = text("""
    WITH arrived AS (
        UPDATE item
        SET sha256 = :sha256, byte_count = :byte_count, object_key = :object_key, next_at = now()
        FROM url_fetch
        WHERE item.id = :item AND item.state = 0
          AND url_fetch.item_id = item.id AND url_fetch.token = :token
        RETURNING item.id
    )
    DELETE FROM url_fetch USING arrived WHERE url_fetch.item_id = arrived.id
""")

_FAIL = text(f"""
    WITH failed AS (
        UPDATE item
        SET state = 2, verdict = 2, last_error = :code, attempts = url_fetch.attempts,
            next_at = now()
        FROM url_fetch, job
        WHERE item.id = :item AND item.state = 0
          AND url_fetch.item_id = item.id AND url_fetch.token = :token
          AND job.id = item.job_id AND job.status IN ('queued', 'running')
        RETURNING item.id, item.job_id, item.state, item.verdict
    ), tallied AS ({tallying("failed")}
    ), forgotten AS (
        DELETE FROM url_fetch USING failed WHERE url_fetch.item_id = failed.id
    )
    INSERT INTO outcome (item_id, ok, error_code, error_detail)
    SELECT id, false, :code, :detail FROM failed
""")  # noqa: S608 - constants of our own modules

_POSTPONE = text("""
    UPDATE url_fetch
    SET token = NULL, next_at = now() + make_interval(secs => :delay_s),
        attempts = attempts - CASE WHEN :counts THEN 0 ELSE 1 END
    WHERE item_id = :item AND token = :token
""")

_RELEASE = text("""
    UPDATE url_fetch SET token = NULL, attempts = attempts - 1, next_at = now()
    WHERE token = ANY(:tokens)
""")

_FORGET = text("""
    DELETE FROM url_fetch WHERE item_id IN (
        SELECT url_fetch.item_id FROM url_fetch JOIN item ON item.id = url_fetch.item_id
        WHERE item.state <> 0 LIMIT :limit
        FOR UPDATE OF url_fetch SKIP LOCKED
    )
""")


_WAITING = text(f"""
    SELECT count(*), coalesce(extract(epoch FROM now() - min(url_fetch.next_at)), 0)
    FROM url_fetch JOIN job ON job.id = url_fetch.job_id
    WHERE url_fetch.next_at <= now() AND job.finished_at IS NULL AND {_ACTIVE}
""")  # noqa: S608 - a constant of this module


class FetchRepository:
    """Reads and writes fetches in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, *, limit: int, token: uuid.UUID, lease_s: float) -> list[ClaimedFetch]:
        """Lease up to ``limit`` photos of active jobs, job by job in turn.

        A job begins to run with its first fetch.
        """
        parameters = {"limit": limit, "token": token, "lease_s": lease_s}
        return [ClaimedFetch(*row) for row in self._session.execute(_CLAIM, parameters)]

    def arrive(self, item_id: int, photo: FetchedPhoto, *, token: uuid.UUID) -> bool:
        """Hand a photo that is in the bucket to the workers; False if it is not wanted now."""
        parameters = {
            "item": item_id,
            "token": token,
            "sha256": photo.sha256,
            "byte_count": photo.byte_count,
            "object_key": photo.object_key,
        }
        return self._count(_ARRIVE, parameters) > 0

    def fail(self, item_id: int, error: ItemError, *, token: uuid.UUID) -> bool:
        """Finish a photo with an error; False if it is not wanted now."""
        parameters = {
            "item": item_id,
            "token": token,
            "code": error.code,
            "detail": error.detail,
        }
        return self._count(_FAIL, parameters) > 0

    def postpone(
        self, item_id: int, *, token: uuid.UUID, delay_s: float, counts: bool = True
    ) -> bool:
        """Put a photo off; False if the lease was lost. ``counts`` says if the attempt does."""
        parameters = {"item": item_id, "token": token, "delay_s": delay_s, "counts": counts}
        return self._count(_POSTPONE, parameters) > 0

    def release(self, tokens: Collection[uuid.UUID]) -> int:
        """Give back what is still claimed under these tokens, as if it never was."""
        return self._count(_RELEASE, {"tokens": list(tokens)})

    def forget(self, *, limit: int) -> int:
        """Drop fetches of photos that are final, as those of a cancelled job."""
        return self._count(_FORGET, {"limit": limit})

    def waiting(self) -> tuple[int, float]:
        """How many photos are due and not claimed, and how late the first one is, in s."""
        count, late_s = self._session.execute(_WAITING).one()
        return int(count), float(late_s)

    def _count(self, statement: Any, parameters: dict[str, Any]) -> int:
        result = self._session.execute(statement, parameters)
        return result.rowcount if isinstance(result, CursorResult) else 0
