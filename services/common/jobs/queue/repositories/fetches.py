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
from services.common.domain.jobs import ItemState, Verdict
from services.common.jobs.repositories.tallies import tallying, tallying_bytes


@dataclass(frozen=True, slots=True)
class ClaimedFetch:
    """A photo to fetch. ``attempts`` counts this claim."""

    item_id: int
    job_id: int
    tenant: str
    url: str
    host: str
    attempts: int


@dataclass(frozen=True, slots=True)
class FetchedPhoto:
    """A photo that is in the bucket now."""

    sha256: bytes
    byte_count: int
    object_key: str


_ACTIVE = "status IN ('queued', 'running') AND (expires_at IS NULL OR expires_at > now())"

# Claims take turns, so that each counts what all the others hold.
_CLAIMING_LOCK = 0x6866_6572_7572_6C73  # "hferurls"
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:lock)")

# Who holds least goes first: tenants among each other, then jobs of a tenant, then hosts of a
# job. `pair` steps through the index from one host of a job to its next, so that 2,000 photos
# of a host that has enough cost one look. `host_turn` and `tenant_turn` count on from what is
# held. The last `:reserve` threads are kept for tenants who hold less than that: one tenant's
# slow hosts never fill a process.
_CLAIM = text(f"""
    WITH RECURSIVE pair AS (
        (SELECT job_id, host FROM url_fetch ORDER BY job_id, host LIMIT 1)
        UNION ALL
        SELECT following.job_id, following.host FROM pair CROSS JOIN LATERAL (
            SELECT job_id, host FROM url_fetch
            WHERE (job_id, host) > (pair.job_id, pair.host)
            ORDER BY job_id, host LIMIT 1
        ) AS following
    ), held AS (
        SELECT url_fetch.host, job.tenant FROM url_fetch JOIN job ON job.id = url_fetch.job_id
        WHERE url_fetch.token IS NOT NULL AND url_fetch.next_at > now()
    ), host_held AS (
        SELECT host, count(*) AS fetches FROM held GROUP BY host
    ), tenant_held AS (
        SELECT tenant, count(*) AS fetches FROM held GROUP BY tenant
    ), due AS (
        SELECT one.item_id, one.place, pair.job_id, pair.host, job.tenant,
               coalesce(host_held.fetches, 0) AS host_fetches
        FROM pair JOIN job ON job.id = pair.job_id LEFT JOIN host_held ON host_held.host = pair.host
        CROSS JOIN LATERAL (
            SELECT item_id, row_number() OVER (ORDER BY next_at, item_id) AS place
            FROM url_fetch
            WHERE job_id = pair.job_id AND host = pair.host AND next_at <= now()
            ORDER BY next_at, item_id
            LIMIT greatest(0, least(:limit, :per_host - coalesce(host_held.fetches, 0)))
        ) AS one
        WHERE job.finished_at IS NULL AND {_ACTIVE}
    ), of_job AS (
        SELECT due.*, row_number() OVER (PARTITION BY job_id ORDER BY place, item_id) AS job_turn
        FROM due
    ), of_tenant AS (
        SELECT of_job.*, coalesce(tenant_held.fetches, 0) + row_number() OVER (
            PARTITION BY of_job.tenant ORDER BY job_turn, job_id
        ) AS tenant_turn
        FROM of_job LEFT JOIN tenant_held ON tenant_held.tenant = of_job.tenant
    ), of_host AS (
        SELECT of_tenant.*, host_fetches + row_number() OVER (
            PARTITION BY host ORDER BY tenant_turn, item_id
        ) AS host_turn
        FROM of_tenant
    ), turns AS (
        SELECT item_id, tenant_turn,
               row_number() OVER (ORDER BY tenant_turn, item_id) AS turn
        FROM of_host WHERE host_turn <= :per_host
    ), free AS (
        SELECT url_fetch.item_id, url_fetch.job_id FROM url_fetch JOIN turns USING (item_id)
        WHERE url_fetch.next_at <= now() AND turns.turn <= :limit
          AND (turns.turn <= :limit - :reserve OR turns.tenant_turn <= :reserve)
        FOR UPDATE OF url_fetch SKIP LOCKED
    ), begun AS (
        UPDATE job SET status = 'running', started_at = now()
        WHERE id IN (SELECT job_id FROM free) AND status = 'queued'
    ), claimed AS (
        UPDATE url_fetch
        SET token = :token, attempts = attempts + 1,
            next_at = now() + make_interval(secs => :lease_s)
        FROM free WHERE url_fetch.item_id = free.item_id
        RETURNING url_fetch.item_id, url_fetch.job_id, url_fetch.host, url_fetch.attempts
    )
    SELECT claimed.item_id, claimed.job_id, job.tenant, item.source_url, claimed.host,
           claimed.attempts
    FROM claimed JOIN item ON item.id = claimed.item_id JOIN job ON job.id = claimed.job_id
    ORDER BY claimed.item_id
""")

# Item before fetch, the order of a deletion; a cancelled or erased photo is not brought back.
_ARRIVE = text(f"""
    WITH arrived AS (
        UPDATE item
        SET sha256 = :sha256, byte_count = :byte_count, object_key = :object_key, next_at = now()
        FROM url_fetch
        WHERE item.id = :item AND item.state = {ItemState.READY}
          AND url_fetch.item_id = item.id AND url_fetch.token = :token
        RETURNING item.id, item.job_id, item.byte_count
    ), tallied AS ({tallying_bytes("arrived")})
    DELETE FROM url_fetch USING arrived WHERE url_fetch.item_id = arrived.id
""")

_FAIL = text(f"""
    WITH failed AS (
        UPDATE item
        SET state = {ItemState.FINISHED}, verdict = {Verdict.FAILED}, last_error = :code,
            attempts = url_fetch.attempts, next_at = now()
        FROM url_fetch, job
        WHERE item.id = :item AND item.state = {ItemState.READY}
          AND url_fetch.item_id = item.id AND url_fetch.token = :token
          AND job.id = item.job_id AND job.status IN ('queued', 'running')
        RETURNING item.id, item.job_id, item.state, item.verdict
    ), tallied AS ({tallying("failed")}
    ), forgotten AS (
        DELETE FROM url_fetch USING failed WHERE url_fetch.item_id = failed.id
    )
    INSERT INTO outcome (item_id, ok, error_code, error_detail)
    SELECT id, false, :code, :detail FROM failed
""")

_POSTPONE = text("""
    UPDATE url_fetch
    SET token = NULL, next_at = now() + make_interval(secs => :delay_s),
        attempts = attempts - CASE WHEN :counts THEN 0 ELSE 1 END
    WHERE item_id = :item AND token = :token
""")

_RENEW = text("""
    UPDATE url_fetch SET next_at = now() + make_interval(secs => :lease_s)
    WHERE token = ANY(:tokens)
""")

# Of one job: a tenant's URL must not be able to put off what others have on the same host.
_REST = text("""
    UPDATE url_fetch SET next_at = now() + make_interval(secs => :rest_s)
    WHERE item_id IN (
        SELECT item_id FROM url_fetch
        WHERE job_id = :job AND host = :host AND token IS NULL
          AND next_at < now() + make_interval(secs => :rest_s)
        ORDER BY item_id
        FOR UPDATE SKIP LOCKED
    )
""")

_RELEASE = text("""
    UPDATE url_fetch SET token = NULL, attempts = attempts - 1, next_at = now()
    WHERE token = ANY(:tokens)
""")

_FORGET = text(f"""
    DELETE FROM url_fetch WHERE item_id IN (
        SELECT url_fetch.item_id FROM url_fetch JOIN item ON item.id = url_fetch.item_id
        WHERE item.state <> {ItemState.READY} LIMIT :limit
        FOR UPDATE OF url_fetch SKIP LOCKED
    )
""")


_WAITING = text(f"""
    SELECT count(*), coalesce(extract(epoch FROM now() - min(url_fetch.next_at)), 0)
    FROM url_fetch JOIN job ON job.id = url_fetch.job_id
    WHERE url_fetch.next_at <= now() AND job.finished_at IS NULL AND {_ACTIVE}
""")


class FetchRepository:
    """Reads and writes fetches in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(
        self, *, limit: int, token: uuid.UUID, lease_s: float, per_host: int, reserve: int = 0
    ) -> list[ClaimedFetch]:
        """Lease up to ``limit`` photos of active jobs; tenants, jobs and hosts take turns.

        A job begins to run with its first fetch.

        Args:
            limit: most photos.
            token: of this claim.
            lease_s: seconds until others may claim them.
            per_host: most photos that all processes together hold of one host.
            reserve: how many of ``limit`` are only for tenants who hold at most so many.
        """
        self._session.execute(_TAKE_TURN, {"lock": _CLAIMING_LOCK})
        parameters = {
            "limit": limit,
            "token": token,
            "lease_s": lease_s,
            "per_host": per_host,
            "reserve": reserve,
        }
        return [ClaimedFetch(*row) for row in self._session.execute(_CLAIM, parameters)]

    def renew(self, tokens: Collection[uuid.UUID], *, lease_s: float) -> int:
        """Hold what is claimed under these tokens for longer; how many photos that are."""
        return self._count(_RENEW, {"tokens": list(tokens), "lease_s": lease_s})

    def rest(self, job_id: int, host: str, *, rest_s: float) -> int:
        """Let a job's waiting photos of a host wait at least so long, as its server asked."""
        return self._count(_REST, {"job": job_id, "host": host, "rest_s": rest_s})

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
