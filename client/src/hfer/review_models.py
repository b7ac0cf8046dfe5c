"""Reviews: what people say of a job's faces."""

from dataclasses import dataclass, field
from datetime import datetime

# In the service's order: the seven expressions, then why it is none of them.
ANSWERS = (
    *("surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"),
    *("not_a_face", "cannot_tell"),
)


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer says of a face.

    Attributes:
        item_id: of the photo.
        face_index: of the face.
        reviewer: who says it, up to 100 characters; each has one vote on a face.
        answer: one of the seven expressions, ``not_a_face`` or ``cannot_tell``.
        blind: whether they saw neither the model's answer nor other people's.
        version: counts what this reviewer said of this face, from 1; None before it was sent.
        reviewed_at: when the service got it.
        note: in the reviewer's words.
        filename: of the photo, as sent; empty of a service that does not say.
        change_id: the same in all that one request said for this reviewer, what an undo takes back.
    """

    item_id: str = ""
    face_index: int = 0
    reviewer: str = ""
    answer: str = ""
    blind: bool = False
    version: int | None = None
    reviewed_at: datetime | None = None
    note: str | None = None
    filename: str = ""
    change_id: str | None = None


@dataclass(frozen=True, slots=True)
class Vote(Review):
    """A review with the job that it is of and the model's first answer."""

    job_id: str = ""
    model_answer: str = ""


@dataclass(frozen=True, slots=True)
class UndoneChange:
    """What an undo took back, on so many faces; ``change_id`` is None where there was nothing.

    ``reviews`` are the last words now, ``withdrawn`` where there was no vote before.
    """

    change_id: str | None = None
    undone: int = 0
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """What one request said for a reviewer: on how many faces which answer."""

    change_id: str = ""
    reviewer: str = ""
    made_at: datetime | None = None
    answers: dict[str, int] = field(default_factory=dict)
    undone: bool = False


@dataclass(frozen=True, slots=True)
class AddedReviews:
    """How many said something new, and how many only what the reviewer had said last."""

    added: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class UnmatchedReview:
    """A box, row or task of a file that is no review of a face of the job.

    Attributes:
        place: in the file, such as ``task 3, annotation 7`` or ``line 12``.
        photo: as the file names it.
        reason: in words.
    """

    place: str
    photo: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedReviews:
    """What became of a file of reviews.

    Attributes:
        added: that said something new.
        unchanged: that the service had already.
        passed_over: annotations that were cancelled, and rows without an answer.
        unmatched: what fits no face.
    """

    added: int
    unchanged: int
    passed_over: int
    unmatched: tuple[UnmatchedReview, ...]
