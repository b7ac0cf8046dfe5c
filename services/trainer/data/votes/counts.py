"""The arithmetic of votes: which faces are used, their shares, and the majority.

Votes are float ``[N, 10]``, in the order of ``CHOICES``: the seven expressions, then contempt,
unknown (the judge could not say) and nf (no face), the other choices of FER+.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS

Votes = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]

OTHERS = ("contempt", "unknown", "nf")
CHOICES: tuple[str, ...] = (*EMOTIONS, *OTHERS)
_SEVEN = len(EMOTIONS)
# Of all votes for a face, so many must be on the seven: below, its target would be made of the
# minority's guesses. FER+'s PublicTest loses 21 of 3,579 faces to it.
_LEAST_ON_SEVEN = 0.5


def usable(votes: Votes) -> Flags:
    """Return which faces have at least half of their votes on the seven."""
    on_seven = votes[:, :_SEVEN].sum(axis=1)
    return np.asarray((on_seven > 0) & (on_seven >= _LEAST_ON_SEVEN * votes.sum(axis=1)))


def shares(votes: Votes) -> Floats:
    """Return the target of each usable face ``[N, 7]``: its votes on the seven over their sum."""
    on_seven = votes[:, :_SEVEN].astype(np.float64)
    return np.asarray(on_seven / on_seven.sum(axis=1, keepdims=True))


def majority(votes: Votes) -> tuple[Labels, Flags]:
    """Return a label for each face, and which of them are a majority.

    A majority is the one choice with the most votes of all ten, where it is an expression. Other
    faces get the first of the most voted expressions in the order of ``EMOTIONS``: a label to
    draw and to count by, which no measure may take for the truth.
    """
    most = votes.max(axis=1, keepdims=True)
    alone = (votes == most).sum(axis=1) == 1
    labels = votes[:, :_SEVEN].argmax(axis=1).astype(np.int64)
    return labels, np.asarray(alone & (votes.argmax(axis=1) < _SEVEN))


def agreement(votes: Votes, labels: Labels) -> Floats:
    """Return the share of each face's judges, 0..1, who chose ``labels`` ``[N]``."""
    chosen = votes[np.arange(len(votes)), labels].astype(np.float64)
    return np.asarray(chosen / votes.sum(axis=1))
