"""Who classifies: each in processes of its own, on its share of the same crops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.crew import share
from benchmarks.pipeline.reference import calibrated, keras_network
from services.vision.bundle import load_bundle
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier
from services.vision.engines import ClassifierKind, load_classifier

Probabilities = NDArray[np.float64]


class Contender:
    """Crops in, probabilities out, in batches of a size that changes from call to call."""

    def __init__(self, crops: NDArray[np.uint8], classify: Callable[[Any], Probabilities]) -> None:
        """Keep the crops of all processes."""
        self._crops = crops
        self._classify = classify

    def run(self, number: int, of: int, batch: int, faces: int) -> int:
        """Classify this share of the first ``faces`` crops; return how many."""
        mine = self._mine(number, of, faces)
        for start in range(0, len(mine), batch):
            self._classify(self._crops[mine[start : start + batch]])
        return len(mine)

    def answers(self, number: int, of: int, faces: int) -> Probabilities:
        """Return the probabilities of this share."""
        return self._classify(self._crops[self._mine(number, of, faces)])

    def _mine(self, number: int, of: int, faces: int) -> list[int]:
        return list(share(range(faces), number, of))


def tensorflow_contender(
    bundle: Path, crops: NDArray[np.uint8], threads: int, predict: bool
) -> Contender:
    """Return Keras ``predict``, as everyone calls it, or one compiled function."""
    network = keras_network(bundle, threads=threads)
    manifest = load_bundle(bundle).manifest
    if predict:
        return Contender(
            crops,
            lambda some: calibrated(network.predict(some.astype(np.float32), verbose=0), manifest),
        )
    from services.trainer.networks.saved_network import inference

    forward = inference(network, batch_size=len(crops))
    return Contender(crops, lambda some: calibrated(forward(some), manifest))


def onnxruntime_contender(bundle: Path, crops: NDArray[np.uint8]) -> Contender:
    """Return ONNX Runtime on one thread."""
    return Contender(crops, OnnxRuntimeClassifier(load_bundle(bundle), threads=1).classify)


def openvino_contender(
    bundle: Path, crops: NDArray[np.uint8], precision: PrecisionChoice, threads: int
) -> Contender:
    """Return OpenVINO in a precision, or in what a worker takes by itself."""
    classifier = load_classifier(
        ClassifierKind.OPENVINO,
        load_bundle(bundle),
        cuda=False,
        precision=precision,
        threads=threads,
    )
    return Contender(crops, classifier.classify)
