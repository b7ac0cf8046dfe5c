"""What a worker does to items: claim, renew, finish, give back. One statement each.

Postgres' clock is the only one. Every change of a leased item is guarded by the token of its
lease, so that a worker that lost it, however late it wakes up, writes nothing.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session

from services.common.domain.errors import ItemErrorCode
from services.common.domain.jobs import JobStatus
from services.common.jobs.queue.outcomes import ItemOutcome, to_columns
from services.common.jobs.queue.repositories import lease_statements as statements


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


class LeaseRepository:
    """Leases on items. Methods of one session; the caller's unit of work commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

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
        tag: float = 0.0,
    ) -> list[ClaimedItem]:
        """Lease up to ``limit`` ready items of a job, at least one, the longest ready first.

        Call `TurnRepository.next` before, in the same transaction; ``tag`` is that turn's, and
        the tenant is charged what was taken. Items that others hold or lock are passed over.
        A suspect comes alone; without ``suspects`` none comes. The photos together stay within
        ``max_bytes``, but for a first one that is larger by itself.
        """
        rows = self._session.execute(
            statements.CLAIM,
            {
                "job": job_id,
                "limit": limit,
                "max_bytes": max_bytes,
                "token": token,
                "task": task,
                "lease_s": lease_s,
                "suspects": suspects,
                "tag": tag,
            },
        )
        return sorted((ClaimedItem(*row) for row in rows), key=lambda item: item.id)

    def forget(self, token: uuid.UUID) -> int:
        """Undo a claim whose commit went through although its answer was lost; how many items."""
        return self._given(statements.FORGET, {"token": token})

    def renew(self, ids: Collection[int], *, token: uuid.UUID, lease_s: float) -> set[int]:
        """Extend leases; the ids still held. The others are lost: write nothing for them."""
        if not ids:
            return set()
        parameters = {"ids": list(ids), "token": token, "lease_s": lease_s}
        return set(self._session.scalars(statements.RENEW, parameters))

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
        return set(self._session.scalars(statements.FINISH, parameters))

    def release(self, ids: Collection[int], *, token: uuid.UUID, delay_s: float = 0) -> int:
        """Give items back as if never claimed: neither the attempt nor the turn counts."""
        if not ids:
            return 0
        return self._given(
            statements.RELEASE, {"ids": list(ids), "token": token, "delay_s": delay_s}
        )

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
        return self._count(statements.RETRY, parameters)

    def expire_task(self, task: uuid.UUID, *, reason: ItemErrorCode) -> int:
        """End the leases of a task whose process died, so that no one waits for their end."""
        return self._count(statements.EXPIRE_TASK, {"task": task, "reason": reason.value})

    def status(self, job_id: int) -> JobStatus | None:
        """Read the status of a job; None if it is gone."""
        status = self._session.scalar(statements.STATUS, {"job": job_id})
        return None if status is None else JobStatus(status)

    def _given(self, statement: Any, parameters: dict[str, Any]) -> int:
        return self._session.scalar(statement, parameters) or 0

    def _count(self, statement: Any, parameters: dict[str, Any]) -> int:
        result = self._session.execute(statement, parameters)
        return result.rowcount if isinstance(result, CursorResult) else 0
