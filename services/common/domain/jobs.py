"""States of jobs and items, and every transition between them.

Job::

    open ─sealed upload→ queued ─first claim→ running ─all items final→ succeeded | failed
    queued ─no photo of it can be analysed→ failed
    queued | running ─cancel→ cancelling ─no item leased→ cancelled
    queued | running ─deadline→ expired

``succeeded`` means that every item is final and at least one is not failed; a succeeded job
may hold failed items, its counts say so. ``failed`` means that nothing usable came out.

Item (stored as small integers, `ItemState`)::

    READY ─claim→ LEASED ─finish with token→ FINISHED (one outcome row exists)
    LEASED ─drain | retryable error | lease expired→ READY
    LEASED ─poison or attempts spent→ FINISHED with an error
    READY ─refused at the door, or its URL cannot be fetched→ FINISHED with an error
    READY | LEASED ─job cancelled→ CANCELLED

Users see an item as queued, running, succeeded, no_face, failed or cancelled (`ItemStatus`);
a finished item's `Verdict` tells which of the middle three. Final states never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class JobStatus(StrEnum):
    """State of a job, as stored and as shown (``open`` is never shown: it is not sealed)."""

    OPEN = "open"
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        """Whether the job can no longer change."""
        return self in FINAL_JOB_STATUSES


JOB_TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.OPEN: frozenset({JobStatus.QUEUED}),
    JobStatus.QUEUED: frozenset(
        {JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLING, JobStatus.EXPIRED}
    ),
    JobStatus.RUNNING: frozenset(
        {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLING, JobStatus.EXPIRED}
    ),
    JobStatus.CANCELLING: frozenset({JobStatus.CANCELLED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.EXPIRED: frozenset(),
}
FINAL_JOB_STATUSES = frozenset(one for one in JobStatus if not JOB_TRANSITIONS[one])
# What a worker may claim from, and a user may cancel.
ACTIVE_JOB_STATUSES = frozenset(
    one for one in JobStatus if JobStatus.CANCELLING in JOB_TRANSITIONS[one]
)


class ItemState(IntEnum):
    """State of an item in the queue, as stored."""

    READY = 0
    LEASED = 1
    FINISHED = 2
    CANCELLED = 3


ITEM_TRANSITIONS: Mapping[ItemState, frozenset[ItemState]] = {
    ItemState.READY: frozenset({ItemState.LEASED, ItemState.FINISHED, ItemState.CANCELLED}),
    ItemState.LEASED: frozenset({ItemState.READY, ItemState.FINISHED, ItemState.CANCELLED}),
    ItemState.FINISHED: frozenset(),
    ItemState.CANCELLED: frozenset(),
}


class Verdict(IntEnum):
    """What came of a finished item, as stored."""

    SUCCEEDED = 0
    NO_FACE = 1
    FAILED = 2


class ItemStatus(StrEnum):
    """State of an item, as shown."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    NO_FACE = "no_face"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def of(cls, state: ItemState, verdict: Verdict | None) -> "ItemStatus":
        """Translate the stored pair into the shown status."""
        if state is ItemState.FINISHED:
            if verdict is None:
                raise ValueError("a finished item has a verdict")
            return cls[verdict.name]
        return {
            ItemState.READY: cls.QUEUED,
            ItemState.LEASED: cls.RUNNING,
            ItemState.CANCELLED: cls.CANCELLED,
        }[state]


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many items of a job are in each status; ``total`` is their sum once sealed."""

    total: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    no_face: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def final(self) -> int:
        """Items that can no longer change."""
        return self.succeeded + self.no_face + self.failed + self.cancelled

    @property
    def progress(self) -> float:
        """Share of final items, 0..1; an empty job counts as done."""
        return self.final / self.total if self.total else 1.0
