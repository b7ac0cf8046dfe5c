"""Which candidates continue to the next rung."""

import itertools
import math
from collections.abc import Mapping


def parse_rungs(text: str) -> tuple[int, ...]:
    """Return epochs per rung from a text such as "2,6,20".

    Raises:
        ValueError: if they are no whole numbers from 1 that rise.
    """
    try:
        rungs = tuple(int(part) for part in text.split(","))
    except ValueError:
        rungs = ()
    if not rungs or rungs[0] < 1 or any(a >= b for a, b in itertools.pairwise(rungs)):
        raise ValueError(f"{text!r} are no rungs; write rising numbers of epochs, as 2,6,20")
    return rungs


def default_rungs(epochs: int) -> tuple[int, ...]:
    """Return 2, 6 and all epochs, or those of them that a shorter run has."""
    return (*(rung for rung in (2, 6) if rung < epochs), epochs)


def survivors(scores: Mapping[str, float], *, entered: int, keep: float) -> tuple[str, ...]:
    """Return the keys that continue, best first.

    Args:
        scores: of those that came to the rung's end; higher is better, the earlier wins a tie.
        entered: how many began it. Their share ``keep`` continues, rounded up, so at least one,
            whether others diverged or not: places are not lost to them.
        keep: 0..1.
    """
    # 0.29 * 100 is 28.999999999999996, and 0.07 * 100 is 7.000000000000001.
    places = math.ceil(round(entered * keep, 9))
    ranked = sorted(scores, key=lambda key: -scores[key])
    return tuple(ranked[: max(1, places)])
