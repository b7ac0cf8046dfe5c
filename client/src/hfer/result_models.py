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
