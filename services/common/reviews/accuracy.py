"""How right the model is on a job, from faces drawn at random and reviewed blind."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod

from services.common.domain.emotions import EMOTIONS
from services.common.reviews.agreement import Estimate, wilson

# Narrower than this on either side is enough to say how right a model is.
WANTED_REACH = 0.05
_MOST_FACES = 2**20


@dataclass(frozen=True, slots=True)
class DrawnFace:
    """A drawn face.

    Attributes:
        key: the photo's row and the face's index: the same face in two draws is one.
        expression: the place of the model's first answer in ``EMOTIONS``.
        answered: whether anybody has a vote on it, blind or not.
        votes: the blind ones, without *cannot tell*.
    """

    key: tuple[int, int]
    expression: int
    answered: bool
    votes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrawnOrder:
    """A draw: its faces in the random order, and the job's faces by the model's answer."""

    populations: Sequence[int]
    by_expression: bool
    faces: Sequence[DrawnFace]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the drawn faces tell.

    Attributes:
        estimate: share 0..1 of the job's faces on which the model says what most people say.
        answered: drawn faces that count: those before the first of their draw without a vote.
        drawn: all faces drawn, each once.
        undecided: answered faces without a blind vote, or without a majority of these.
        more: about how many further faces make the interval as narrow as wanted; 0 is enough,
            None where nothing can be said yet.
    """

    estimate: Estimate
    answered: int
    drawn: int
    undecided: int
    more: int | None


def accuracy(draws: Sequence[DrawnOrder]) -> Accuracy:
    """Weigh each face by one over its probability of being among those that were answered.

    Only the beginning of each draw without a gap counts: the rest was answered in another order,
    which may have to do with the model's answer. So however faces of a draw were come by, what
    counts of it is a random share.
    """
    begun = [list(takewhile(lambda face: face.answered, draw.faces)) for draw in draws]
    chances = [_chances(draw, faces) for draw, faces in zip(draws, begun, strict=True)]
    faces = {face.key: face for beginning in begun for face in beginning}
    weights, right = [], []
    for face in faces.values():
        truth = majority(face.votes)
        if truth is not None:
            missed = prod(1 - chance[face.expression] for chance in chances)
            weights.append(1 / (1 - missed))
            right.append(truth == EMOTIONS[face.expression])
    drawn = len({face.key for draw in draws for face in draw.faces})
    estimate = _weighted(weights, right)
    return Accuracy(
        estimate=estimate,
        answered=len(faces),
        drawn=drawn,
        undecided=len(faces) - len(weights),
        more=_more(estimate, weights, population=sum(draws[0].populations) if draws else 0),
    )


def majority(votes: Iterable[str]) -> str | None:
    """Return the one answer with the most votes; None for a tie, or without votes."""
    first, *others = Counter(votes).most_common(2) or [("", 0)]
    if not first[1] or (others and others[0][1] == first[1]):
        return None
    return first[0]


def shares_of(count: int, populations: Sequence[int], *, by_expression: bool) -> list[int]:
    """Return how many faces of each class a draw of ``count`` takes at most.

    All alike, each class may be all of it. Else as many of each, and what a rare class lacks goes
    to the others.
    """
    if not by_expression:
        return [min(count, population) for population in populations]
    taken = [0] * len(populations)
    left = min(count, sum(populations))
    while left:
        open_classes = [at for at, most in enumerate(populations) if taken[at] < most]
        each = max(left // len(open_classes), 1)
        for at in open_classes:
            more = min(each, populations[at] - taken[at], left)
            taken[at] += more
            left -= more
    return taken


def _chances(draw: DrawnOrder, begun: Sequence[DrawnFace]) -> list[float]:
    """Return how probable it was for a face of each class to be among ``begun``."""
    if not draw.by_expression:
        return [len(begun) / max(sum(draw.populations), 1)] * len(draw.populations)
    counts = Counter(face.expression for face in begun)
    return [counts[at] / most if most else 0.0 for at, most in enumerate(draw.populations)]


def _weighted(weights: Sequence[float], right: Sequence[bool]) -> Estimate:
    if not weights:
        return Estimate(None, None, None, 0)
    total = sum(weights)
    value = sum(weight for weight, hit in zip(weights, right, strict=True) if hit) / total
    return Estimate(value, *wilson(value, _effective(weights)), len(weights))


def _effective(weights: Sequence[float]) -> float:
    """Return Kish's effective number: so many faces of equal weight tell as much."""
    return sum(weights) ** 2 / sum(weight * weight for weight in weights)


def _more(estimate: Estimate, weights: Sequence[float], *, population: int) -> int | None:
    if estimate.value is None:
        return None
    per_face = _effective(weights) / estimate.n
    low, high = 1, _MOST_FACES
    while low < high:
        middle = (low + high) // 2
        bottom, top = wilson(estimate.value, middle * per_face)
        if top - bottom <= 2 * WANTED_REACH:
            high = middle
        else:
            low = middle + 1
    return max(min(low, population) - estimate.n, 0)
