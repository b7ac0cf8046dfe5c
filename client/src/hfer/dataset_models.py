"""Data sets as the service answers them; every field has a default."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Dataset:
    """A version of a data set: faces with the votes of reviewers.

    Attributes:
        id: ``dst_…``.
        name: of all its versions.
        version: counts them from 1.
        state: ``building``, ``ready`` or ``failed``.
        failure: why it could not be built, and what to do.
        jobs: whose reviewed faces it took.
        consent: what the people in the photos agreed to, in words of who made it.
        licence: its terms, likewise.
        held_out: share of what may be held out to judge models by.
        faces: that it was made with.
        erased: of them were taken out again, the last at ``thinned_at``.
        thinned_at: see ``erased``.
        counts: faces that it has now, by ``train``, ``validation`` and ``test``, and by expression.
        left_out: reviewed faces that are not in it, by reason.
        created_at: when it was asked for.
        ready_at: when it was built.
    """

    id: str = ""
    name: str = ""
    version: int = 0
    state: str = ""
    failure: str | None = None
    jobs: tuple[str, ...] = ()
    consent: str | None = None
    licence: str | None = None
    held_out: float = 0.0
    faces: int = 0
    erased: int = 0
    thinned_at: datetime | None = None
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    created_at: datetime | None = None
    ready_at: datetime | None = None
