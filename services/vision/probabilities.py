"""Logits to calibrated probabilities, in the one way that trainer and worker share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def to_probabilities(
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    prior_shift: Sequence[float] = (0.0,) * 7,
) -> NDArray[np.float64]:
    """Return ``softmax((logits + prior_shift) / temperature)`` over the last axis.

    The shift is post-hoc logit adjustment (Menon et al., arXiv 2007.07314), the temperature is
    fitted after it (Guo et al., arXiv 1706.04599). In float64, so that each row sums to 1
    within 1e-12 and no class is rounded to a sum of 1.0000002.

    Args:
        logits: any float type, ``[N, 7]``, ordered as ``EMOTIONS``.
        temperature: above 0; above 1 softens.
        prior_shift: seven values added to each row.
    """
    shifted = (np.asarray(logits, dtype=np.float64) + np.asarray(prior_shift)) / temperature
    powers = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
