"""How far people agree on faces: arithmetic of nominal votes, without the database.

Faces come grouped by what was said of them: a tuple of the votes and how many faces have just
these. *Cannot tell* is a missing vote and in none of them, *not a face* a class of its own. Nothing
is 0 or 1 where it is undefined: it is None.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

# Faces by the votes on each, in any order.
Votes = Mapping[tuple[str, ...], int]
# Faces by what the one and the other of two people said.
Pairs = Mapping[tuple[str, str], int]

_Z = 1.959964  # of 95 %
# Below it a jackknife says nothing.
_LEAST_FACES = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the faces it is of; None where it is undefined.

    There is no interval of fewer than ten faces, nor where nobody disagreed.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share 0..1 of ``n`` > 0 faces."""
    spread = _Z * math.sqrt(share * (1 - share) / n + (_Z / n / 2) ** 2)
    middle, whole = share + _Z**2 / n / 2, 1 + _Z**2 / n
    return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)


def raw_agreement(votes: Votes) -> Estimate:
    """Return the mean share, 0..1, of the pairs of votes on a face that are the same."""
    faces = _paired(votes)
    n = sum(faces.values())
    if not n:
        return Estimate(None, None, None, 0)
    value = sum(count * _agreeing(said) / len(said) for said, count in faces.items()) / n
    return Estimate(value, *wilson(value, n), n)


def class_agreement(votes: Votes) -> dict[str, Estimate]:
    """Return for each class how probable it is, 0..1, that another person says it where one did.

    The specific agreement: of two people twice the faces on which both say it over how often it was
    said. ``n`` counts the faces of which somebody said it.
    """
    same, said_of, faces = Counter[str](), Counter[str](), Counter[str]()
    for said, count in _paired(votes).items():
        for name, times in Counter(said).items():
            same[name] += count * times * (times - 1) / (len(said) - 1)  # type: ignore[assignment]  # a Counter adds floats as well
            said_of[name] += count * times
            faces[name] += count
    return {
        name: Estimate(value, *wilson(value, faces[name]), faces[name])
        for name, value in ((name, same[name] / said_of[name]) for name in sorted(faces))
    }


def cohens_kappa(pairs: Pairs) -> Estimate:
    """Return Cohen's kappa, -1..1, of two people on the faces that both answered."""
    return _jackknifed(pairs, _kappa_without(pairs), n=sum(pairs.values()))


def krippendorffs_alpha(votes: Votes) -> Estimate:
    """Return Krippendorff's nominal alpha, up to 1, of any number of people with missing votes.

    Faces with fewer than two votes do not count.
    """
    faces = _paired(votes)
    return _jackknifed(faces, _alpha_without(faces), n=sum(faces.values()))


# A statistic of all faces, or of all but one of a group.
_Without = Callable[[tuple[str, ...] | None], float | None]


def _kappa_without(pairs: Pairs) -> _Without:
    def kappa(left_out: tuple[str, ...] | None) -> float | None:
        table = Counter(dict(pairs))
        if left_out is not None:
            table[left_out[0], left_out[1]] -= 1
        n = table.total()
        first, second = Counter[str](), Counter[str]()
        for (one, other), count in table.items():
            first[one] += count
            second[other] += count
        chance = sum(first[name] * second[name] for name in first)
        # Both said one thing of all faces: there is nothing that agreement could exceed.
        if chance == n * n:
            return None
        same = sum(count for (one, other), count in table.items() if one == other)
        return (n * same - chance) / (n * n - chance)

    return kappa


def _alpha_without(faces: Votes) -> _Without:
    totals = Counter(chain.from_iterable(said * count for said, count in faces.items()))
    agreeing = sum(count * _agreeing(said) for said, count in faces.items())

    def alpha(left_out: tuple[str, ...] | None) -> float | None:
        own = Counter(left_out or ())
        sums = [count - own[name] for name, count in totals.items()]
        same = agreeing - (_agreeing(left_out) if left_out else 0)
        n = sum(sums)
        by_chance = n * n - sum(count * count for count in sums)
        return 1 - (n - 1) * (n - same) / by_chance if by_chance else None

    return alpha


def _jackknifed(
    groups: Mapping[tuple[str, ...], int] | Pairs, without: _Without, *, n: int
) -> Estimate:
    """Return a statistic with the interval of its values with one face left out."""
    value = without(None) if n else None
    if value is None or n < _LEAST_FACES:
        return Estimate(value, None, None, n)
    values = [(without(group), count) for group, count in groups.items()]
    known = [(found, count) for found, count in values if found is not None]
    if len(known) < len(values):
        return Estimate(value, None, None, n)
    mean = sum(found * count for found, count in known) / n
    variance = (n - 1) / n * sum(count * (found - mean) ** 2 for found, count in known)
    if not variance:
        return Estimate(value, None, None, n)
    reach = _Z * math.sqrt(variance)
    return Estimate(value, max(value - reach, -1.0), min(value + reach, 1.0), n)


def _paired(votes: Votes) -> dict[tuple[str, ...], int]:
    return {said: count for said, count in votes.items() if len(said) > 1}


def _agreeing(said: Sequence[str]) -> float:
    """Return how many of the votes on a face another vote on it repeats, as a mean over pairs."""
    return sum(times * (times - 1) for times in Counter(said).values()) / (len(said) - 1)
