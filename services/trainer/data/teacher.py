"""A teacher: a finished bundle that answers on the very crops its pupil learns from."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.domain.errors import BundleError
from services.trainer.config import DistillConfig
from services.trainer.errors import RunError
from services.vision.bundle import load_bundle
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.engines import ClassifierKind, load_classifier

Floats = NDArray[np.float32]


class Teacher(Protocol):
    """Who answers what a crop shows, besides its label."""

    @property
    def identity(self) -> str:
        """What identifies this teacher: a resumed run must have the same."""

    def answers(self, crops: Floats) -> Floats:
        """Return softened probabilities float32 ``[B, 7]`` for ``[B, S, S, C]`` 0..255."""


class BundleTeacher:
    """The teacher in a bundle, with the temperature that the bundle was calibrated to."""

    def __init__(
        self, classifier: ExpressionClassifier, *, identity: str, temperature: float
    ) -> None:
        """Soften the answers of ``classifier`` by ``temperature``."""
        self.identity = identity
        self._classifier = classifier
        self._temperature = temperature

    def answers(self, crops: Floats) -> Floats:
        """See ``Teacher.answers``. The crops are rounded to bytes, as serving hands them over."""
        pixels = np.clip(np.rint(crops), 0, 255).astype(np.uint8)
        powers = self._classifier.classify(pixels) ** (1 / self._temperature)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def load_teacher(
    config: DistillConfig, *, shape: tuple[int, int, int], threads: int
) -> BundleTeacher | None:
    """Open the bundle that the recipe names; None if it names none.

    Args:
        config: of the recipe.
        shape: height, width and channels of the pupil's crops.
        threads: of the CPU.

    Raises:
        RunError: if the bundle cannot be read or takes other crops.
    """
    if config.bundle is None:
        return None
    try:
        bundle = load_bundle(Path(config.bundle))
    except BundleError as error:
        raise RunError(
            f"loss.distill.bundle={config.bundle}: {error.detail} Train the teacher first "
            "(`make starter` does), or name another bundle."
        ) from error
    if bundle.manifest.input.shape != shape:
        raise RunError(
            f"The teacher {bundle.version} takes crops of {bundle.manifest.input.shape}, this "
            f"recipe has {shape}; set data.size and data.channels to the teacher's."
        )
    # Heavy. Not torch, which could find a GPU too: it must not share a process with TensorFlow.
    import onnxruntime

    classifier = load_classifier(
        ClassifierKind.AUTO,
        bundle,
        cuda="CUDAExecutionProvider" in onnxruntime.get_available_providers(),
        precision=Precision.FP32,
        threads=threads,
    )
    return BundleTeacher(classifier, identity=bundle.version, temperature=config.temperature)
