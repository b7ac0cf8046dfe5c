"""Remedies for imbalance as pure functions of the class counts and of a random stream."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def class_weights(counts: Sequence[int], *, clip: float) -> Floats:
    """Return a weight per class, inverse to its frequency and at most ``clip`` times the least.

    Normalised so that the mean weight over the images is 1 and the loss keeps its scale. A class
    without images weighs nothing.
    """
    found = np.asarray(counts, dtype=np.float64)
    inverse = np.divide(found.max(), found, out=np.zeros_like(found), where=found > 0)
    return _normalised(np.minimum(inverse, clip), found)


def effective_numbers(counts: Sequence[int], *, beta: float) -> Floats:
    """Return the effective number of images of each class (Cui et al., arXiv 1901.05555).

    That of n images is ``(1 - beta**n) / (1 - beta)``: near n while n is far below
    ``1 / (1 - beta)``, and never above that, since new images overlap with old ones.
    """
    found = np.asarray(counts, dtype=np.float64)
    return np.asarray((1 - np.power(beta, found)) / (1 - beta))


def effective_number_weights(counts: Sequence[int], *, beta: float) -> Floats:
    """Return weights inverse to the effective number of images; a class without has none."""
    found, effective = np.asarray(counts, dtype=np.float64), effective_numbers(counts, beta=beta)
    inverse = np.divide(1.0, effective, out=np.zeros_like(found), where=found > 0)
    return _normalised(inverse, found)


def priors(counts: Sequence[int]) -> Floats:
    """Return each class's share of the images; one without images counts as having one."""
    found = np.maximum(np.asarray(counts, dtype=np.float64), 1)
    return np.asarray(found / found.sum())


def oversampled_order(
    labels: NDArray[np.int64], *, power: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return as many image indices as there are labels, rare classes drawn more often.

    The expected frequency of a class is proportional to ``count ** power``: 1 leaves the data as
    it is, 0.5 is the usual square root, 0 makes all classes equally frequent. Each class is
    drawn in whole permutations of its images, so that none is seen twice before all are once.
    """
    present, counts = np.unique(labels, return_counts=True)
    wanted = np.power(counts.astype(np.float64), power)
    quotas = np.floor(wanted / wanted.sum() * len(labels)).astype(int)
    # What rounding left over goes to the largest classes.
    for place in np.argsort(-counts)[: len(labels) - quotas.sum()]:
        quotas[place] += 1
    drawn = [
        _cycled(np.flatnonzero(labels == label), quota, rng=rng)
        for label, quota in zip(present, quotas, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))


def _cycled(
    members: NDArray[np.int64], quota: int, *, rng: np.random.Generator
) -> NDArray[np.int64]:
    rounds = -(-quota // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:quota]


def _normalised(weights: Floats, counts: Floats) -> Floats:
    return np.asarray(weights * counts.sum() / (weights * counts).sum())
