"""Draws of faces, and what the reviews of a job add up to."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Draw:
    """Faces of a job drawn at random, to be reviewed blind and in their order.

    Attributes:
        draw_id: of the draw.
        seed: the same draws the same.
        by_expression: as many of each of the model's answers, in place of all faces alike.
        faces: how many were drawn.
        reviewed: of them, those with a vote.
        population: faces of the job.
        drawn_at: when.
        item_id: photos, one place in each of these five is one face; empty in a list of draws.
        index: the photos' places in the job.
        face_index: of the faces in their photos.
        probability: how probable it was that the face is drawn, 0..1.
        votes: how many reviewers have a vote on it.
    """

    draw_id: str = ""
    seed: int = 0
    by_expression: bool = False
    faces: int = 0
    reviewed: int = 0
    population: int = 0
    drawn_at: datetime | None = None
    item_id: tuple[str, ...] = ()
    index: tuple[int, ...] = ()
    face_index: tuple[int, ...] = ()
    probability: tuple[float, ...] = ()
    votes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval and how many faces it is of; None where it is undefined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    """How far a reviewer is: faces with a vote of theirs, how many given blind."""

    reviewer: str = ""
    votes: int = 0
    blind: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree, of blind votes alone.

    Attributes:
        raw: share of the pairs of votes on a face that are the same.
        per_class: how probable it is that another says it where one did.
        kappa: Cohen's, where just two people voted blind.
        alpha: Krippendorff's, nominal.
    """

    raw: Figure = field(default_factory=Figure)
    per_class: dict[str, Figure] = field(default_factory=dict)
    kappa: Figure | None = None
    alpha: Figure = field(default_factory=Figure)


@dataclass(frozen=True, slots=True)
class ModelAccuracy:
    """How right the model is on the job, from faces drawn at random and reviewed blind.

    Attributes:
        accuracy: share of the job's faces on which the model says what most reviewers say.
        drawn: faces drawn.
        answered: of them, those that count.
        undecided: of these, faces without a majority of blind votes.
        more: about how many further faces are enough; None where nothing can be said yet.
        enough: the same in words.
    """

    accuracy: Figure = field(default_factory=Figure)
    drawn: int = 0
    answered: int = 0
    undecided: int = 0
    more: int | None = None
    enough: str = ""


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What is known from the reviews of a job: so many of its faces have a vote."""

    faces: int = 0
    reviewed: int = 0
    reviewers: tuple[ReviewerProgress, ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
    model: ModelAccuracy = field(default_factory=ModelAccuracy)
