"""Calibrate probabilities: a shift, a temperature, a threshold of uncertainty."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.dataset import Subset
from services.trainer.evaluation.metrics import cross_entropy
from services.vision.classifiers.logits import to_probabilities

Floats = NDArray[np.float64]
# Labels [N], or targets [N, 7] such as shares of votes.
Truth = NDArray[np.int64] | NDArray[np.floating[Any]]

# The share of validation faces that is flagged as uncertain: the least sure tenth.
UNCERTAIN_SHARE = 0.1
# Fitted on n images, ln T is off by 0.85 / sqrt(n) (of the starter on FER2013: 0.13 at 50, 0.06 at
# 200). If a short training moves it by 0.1, the temperature before it is worth 70 images.
_EARLIER_COUNTS_FOR = 70
# 1/T is searched between these; outside of them a network is broken, not miscalibrated.
_COLDEST, _HOTTEST = 0.05, 20.0
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Calibration:
    """What ``export`` writes into the manifest.

    ``prior_shift`` is added to the logits before the temperature divides them.
    ``abstention_threshold`` is the top probability below which a face is reported as uncertain.
    """

    temperature: float
    abstention_threshold: float
    prior_shift: tuple[float, ...] = (0.0,) * len(EMOTIONS)

    def shifted(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``logits`` with the shift added, as they are evaluated and served."""
        return np.asarray(logits + np.asarray(self.prior_shift), dtype=np.float32)


def truth_of(data: Subset) -> Truth:
    """Return what probabilities are fitted to: shares of votes where there are any, or labels."""
    return data.labels if data.votes is None else data.targets(np.arange(len(data)))


def calibrate(
    logits: NDArray[np.float32],
    truth: Truth,
    *,
    prior_shift: tuple[float, ...] = (0.0,) * len(EMOTIONS),
) -> Calibration:
    """Fit temperature and threshold on validation logits ``[N, 7]``, shifted first."""
    shifted = logits + np.asarray(prior_shift)
    temperature = fit_temperature(shifted, truth)
    top = to_probabilities(shifted, temperature=temperature).max(axis=1)
    threshold = round(float(np.quantile(top, UNCERTAIN_SHARE)), 3)
    return Calibration(temperature, threshold, prior_shift)


def calibrate_few(
    logits: NDArray[np.float32], truth: Truth, *, earlier: Calibration
) -> Calibration:
    """Calibrate on too few images ``[N, 7]`` to believe them alone.

    Shift and threshold are those of the model that this one was trained on from: chosen on 50
    images they would be luck. The temperature moves from that model's towards the one that fits.
    """
    fitted = fit_temperature(logits + np.asarray(earlier.prior_shift), truth)
    share = len(logits) / (len(logits) + _EARLIER_COUNTS_FOR)
    log_temperature = share * np.log(fitted) + (1 - share) * np.log(earlier.temperature)
    return replace(earlier, temperature=round(float(np.exp(log_temperature)), 4))


def fit_temperature(logits: NDArray[np.floating[Any]], truth: Truth) -> float:
    """Return the T that minimises the NLL of ``softmax(logits / T)`` (Guo, arXiv 1706.04599).

    The NLL (to shares of votes the cross-entropy) is convex in 1/T, hence has one minimum in
    ln T: a golden-section search finds it.
    """
    targets = np.eye(logits.shape[1])[truth] if truth.ndim == 1 else np.asarray(truth, float)

    def loss(log_temperature: float) -> float:
        probabilities = to_probabilities(logits, temperature=float(np.exp(log_temperature)))
        return float(cross_entropy(probabilities, targets).mean())

    low, high = float(np.log(_COLDEST)), float(np.log(_HOTTEST))
    while high - low > 1e-5:
        width = (high - low) * _GOLDEN
        if loss(high - width) < loss(low + width):
            high = low + width
        else:
            low = high - width
    return round(float(np.exp((low + high) / 2)), 4)


def cross_fitted(logits: NDArray[np.float32], truth: Truth, *, seed: int = 0) -> Floats:
    """Return calibrated probabilities of ``[N, 7]``, each half by a T fitted on the other.

    For a data set without a test split: no image's calibration error is measured with a T that
    was fitted on it.
    """
    order = np.random.default_rng(seed).permutation(len(truth))
    halves = order[::2], order[1::2]
    result = np.empty(logits.shape, dtype=np.float64)
    for fitted, held_out in (halves, halves[::-1]):
        temperature = fit_temperature(logits[fitted], truth[fitted])
        result[held_out] = to_probabilities(logits[held_out], temperature=temperature)
    return result
