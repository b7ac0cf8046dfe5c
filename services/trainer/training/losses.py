"""The loss of a recipe: cross-entropy, remedies for rare classes, a teacher's answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import ImbalanceConfig, LossConfig
from services.trainer.data.sampling import class_weights, effective_number_weights, priors


class TrainingLoss:
    """Turns logits and targets into one loss per image, in TensorFlow.

    With a teacher it is Hinton's sum (arXiv 1503.02531): ``1 - weight`` times the loss on the
    labels and ``weight * temperature**2`` times the divergence from the teacher, the square so
    that both keep their share whatever the temperature.
    """

    def __init__(self, config: LossConfig, *, counts: Sequence[int]) -> None:
        """Prepare for training images of ``counts`` per class, in the order of ``EMOTIONS``."""
        self._config = config
        self._weights = _weights(config.imbalance, counts)
        self._shift = _shift(config.imbalance, counts)

    def __call__(self, logits: Any, targets: Any, teacher: Any = None) -> Any:
        """Return the losses float32 ``[B]``.

        Args:
            logits: float32 ``[B, 7]``.
            targets: float32 ``[B, 7]``, rows sum to 1: shares of votes, or 1 for the label;
                mixed images have those of both.
            teacher: float32 ``[B, 7]``, the teacher's softened answers; None without one.
        """
        losses = self._on_labels(logits, targets)
        if teacher is None:
            return losses
        share, temperature = self._config.distill.weight, self._config.distill.temperature
        distance = _divergence(teacher, logits / temperature)
        return (1 - share) * losses + share * temperature**2 * distance

    def on_own_labels(self, logits: Any, targets: Any) -> Any:
        """Return the second head's weighted losses float32 ``[B]``; arguments as of the first."""
        losses = tf.nn.softmax_cross_entropy_with_logits(self._smooth(targets), logits)
        return self._config.own_label_weight * losses

    def _smooth(self, targets: Any) -> Any:
        smoothing = self._config.label_smoothing
        return targets * (1 - smoothing) + smoothing / len(EMOTIONS)

    def _on_labels(self, logits: Any, targets: Any) -> Any:
        smooth = self._smooth(targets)
        if self._config.imbalance.method == "focal":
            return _focal(smooth, logits, gamma=self._config.imbalance.gamma)
        if self._shift is not None:
            logits = logits + self._shift
        losses = tf.nn.softmax_cross_entropy_with_logits(smooth, logits)
        if self._weights is not None:
            # By the true classes: smoothing must not blur which image is rare.
            losses *= tf.linalg.matvec(targets, self._weights)
        return losses


def _weights(config: ImbalanceConfig, counts: Sequence[int]) -> NDArray[np.float32] | None:
    match config.method:
        case "weights":
            return class_weights(counts, clip=config.clip).astype(np.float32)
        case "effective_number":
            return effective_number_weights(counts, beta=config.beta).astype(np.float32)
        case _:
            return None


def _shift(config: ImbalanceConfig, counts: Sequence[int]) -> NDArray[np.float32] | None:
    """Return what is added to the logits while training, so that without it rare ones gain."""
    if config.method != "logit_adjust":
        return None
    return np.asarray(config.tau * np.log(priors(counts)), dtype=np.float32)


def _focal(targets: Any, logits: Any, *, gamma: float) -> Any:
    """Cross-entropy in which a class already sure counts little: ``(1 - p)**gamma`` each."""
    log_p = tf.nn.log_softmax(logits)
    return -tf.reduce_sum(targets * tf.pow(1 - tf.exp(log_p), gamma) * log_p, axis=-1)


def _divergence(teacher: Any, logits: Any) -> Any:
    """Kullback-Leibler divergence ``[B]`` of softmax(logits) from the teacher's answers."""
    log_p = tf.nn.log_softmax(logits)
    return tf.reduce_sum(tf.math.xlogy(teacher, teacher) - teacher * log_p, axis=-1)
