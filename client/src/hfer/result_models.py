"""What the service adds up of a job: counts of apparent expressions, not of inner feelings."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ExpressionSummary:
    """Faces whose first answer is one expression; ``mean_p`` is None where there are none.

    ``uncertain`` of them are below the model's abstention threshold.
    """

    faces: int = 0
    uncertain: int = 0
    mean_p: float | None = None


@dataclass(frozen=True, slots=True)
class JobSummary:
    """The faces found in a job so far, by expression."""

    faces: int = 0
    uncertain: int = 0
    expressions: dict[str, ExpressionSummary] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupCount:
    """Faces whose first answer is one of these expressions, five at least."""

    expressions: tuple[str, ...] = ()
    faces: int = 0


@dataclass(frozen=True, slots=True)
class ExpressionCounts:
    """How many faces of a finished job show what, without singling one out.

    ``faces`` is None below five; groups that would tell of fewer are joined or left out.
    """

    faces: int | None = None
    groups: tuple[GroupCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """Photos or faces of a job in an order: entry i of each tuple is of the i-th of them.

    Attributes:
        total: how many fit.
        index: the photo's place among those sent, from 0.
        ratio: of photos: width over height in hundredths; empty for faces.
        face_index: of faces: the face's number in its photo, and so on; empty for photos.
        reviewed: 1 where a reviewer has a vote on it, else 0.
        expression: the first answer, 0 to 6: surprise, fear, disgust, happiness, anger, sadness,
            neutral.
    """

    total: int = 0
    index: tuple[int, ...] = ()
    ratio: tuple[int, ...] = ()
    face_index: tuple[int, ...] = ()
    reviewed: tuple[int, ...] = ()
    expression: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderCount:
    """How many photos lie in a folder and below."""

    name: str = ""
    photos: int = 0


@dataclass(frozen=True, slots=True)
class JobFacets:
    """What fits, and what each choice of a filter would find instead, the others staying.

    Attributes:
        photos: how many fit.
        faces: how many fit, in such photos.
        expressions: faces by first answer.
        uncertain: faces whose first answer is uncertain.
        reviewed: faces on which a reviewer has a vote.
        warnings: faces with small_face or cut_off, photos with each of the others.
        confidence: faces by the probability of their first answer, in 20 steps from 0 to 1.
        statuses: photos by status.
        folders: the largest hundred.
    """

    photos: int = 0
    faces: int = 0
    expressions: dict[str, int] = field(default_factory=dict)
    uncertain: int = 0
    reviewed: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    confidence: tuple[int, ...] = ()
    statuses: dict[str, int] = field(default_factory=dict)
    folders: tuple[FolderCount, ...] = ()
