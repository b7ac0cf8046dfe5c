"""A job as its page and the list show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.web.views.units import clock, count, duration, moment, percent

FINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
STATUSES = ("queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired")
# What the statuses mean, for people.
_WORDS = {
    "queued": "Waiting",
    "running": "Running",
    "cancelling": "Stopping",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "expired": "Out of time",
}
NAME_LABEL = "name"


@dataclass(frozen=True, slots=True)
class JobView:
    """A job in words. ``progress`` is 0..1; ``counts`` are the API's, by status of photos."""

    id: str
    name: str
    status: str
    word: str
    progress: float
    counts: Mapping[str, int]
    line: str
    created: str
    created_at: str
    expires: str
    photos_expire: str
    labels: tuple[tuple[str, str], ...]
    model: str
    parent: str | None
    made_by: str
    photos_erased: bool
    final: bool

    @property
    def percent(self) -> str:
        """How far it is."""
        return percent(self.progress)

    @property
    def finished(self) -> int:
        """Photos that can no longer change."""
        names = ("succeeded", "no_face", "failed", "cancelled")
        return sum(self.counts.get(name, 0) for name in names)

    @property
    def failed(self) -> int:
        """Photos without a result of their own fault, or of ours."""
        return self.counts.get("failed", 0)


def job_view(job: Mapping[str, Any], *, now: datetime) -> JobView:
    """Read a job object of the API."""
    status = str(job.get("status") or "queued")
    counts = {name: int(value or 0) for name, value in (job.get("counts") or {}).items()}
    final = status in FINAL
    return JobView(
        id=str(job.get("id") or ""),
        name=_name(job, counts.get("total", 0)),
        status=status,
        word=_WORDS.get(status, status),
        progress=1.0 if final else float(job.get("progress") or 0.0),
        counts=counts,
        line=_line(job, counts, final=final),
        created=moment(job.get("created_at"), now=now),
        created_at=clock(job.get("created_at")),
        expires=moment(job.get("expires_at"), now=now),
        photos_expire=moment(job.get("photos_expire_at"), now=now),
        labels=tuple(
            (str(name), str(value))
            for name, value in (job.get("labels") or {}).items()
            if name != NAME_LABEL
        ),
        model=str((job.get("model") or {}).get("version") or ""),
        parent=job.get("parent_job_id"),
        made_by=str((job.get("created_by") or {}).get("name") or ""),
        photos_erased=job.get("inputs_erased_at") is not None,
        final=final,
    )


def state_of(view: JobView) -> dict[str, Any]:
    """Return how far a job is for a script, in the words of its page."""
    return {
        "status": view.status,
        "word": view.word,
        "line": view.line,
        "progress": view.progress,
        "finished": view.finished,
        "total": view.counts.get("total", 0),
        "final": view.final,
    }


def _name(job: Mapping[str, Any], total: int) -> str:
    given = (job.get("labels") or {}).get(NAME_LABEL) or job.get("client_ref")
    return str(given or count(total, "photo"))


def _line(job: Mapping[str, Any], counts: Mapping[str, int], *, final: bool) -> str:
    """Say in a sentence how far the photos are."""
    total = counts.get("total", 0)
    if not final:
        done = total - counts.get("queued", 0) - counts.get("running", 0)
        left = duration(job.get("eta_seconds"))
        ahead = f", {left} left" if left else ""
        return f"{done:,} of {count(total, 'photo')}{_turn(job.get('queue_position'))}{ahead}"
    parts = [
        (counts.get("succeeded", 0), "with faces"),
        (counts.get("no_face", 0), "without a face"),
        (counts.get("failed", 0), "failed"),
        (counts.get("cancelled", 0), "cancelled"),
    ]
    listed = ", ".join(f"{number:,} {words}" for number, words in parts if number)
    return f"{count(total, 'photo')}: {listed}" if listed else count(total, "photo")


def _turn(position: int | None) -> str:
    """Say where a job stands in the queue; nothing once work on it has begun."""
    if position is None:
        return ""
    return ", next in the queue" if position == 1 else f", number {position:,} in the queue"
