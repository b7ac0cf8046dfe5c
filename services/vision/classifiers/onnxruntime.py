"""The expression classifier on ONNX Runtime: CUDA where it is, else the CPU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.vision.bundle import Bundle
from services.vision.classifiers.logits import (
    Floats,
    logits_in_batches,
    steady_sizes,
    to_probabilities,
)
from services.vision.classifiers.port import Precision
from services.vision.onnxruntime import open_session
from services.vision.transforms import Pixels


class OnnxRuntimeClassifier:
    """An ``ExpressionClassifier`` on the GPU, or on the CPU where no GPU is."""

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        """Open a session on the bundle's network; ``threads`` matter on the CPU only."""
        self.precision = Precision.FP32
        self._manifest = bundle.manifest
        self._session: Any = open_session(bundle.model_path().read_bytes(), threads=threads)
        self._sizes = steady_sizes(self._run, bundle.manifest.input)

    def classify(self, crops: Pixels) -> NDArray[np.float64]:
        """See ``ExpressionClassifier.classify``."""
        logits = logits_in_batches(self._run, crops, self._manifest.input, sizes=self._sizes)
        return to_probabilities(
            logits,
            temperature=self._manifest.temperature,
            prior_shift=self._manifest.prior_shift,
        )

    def _run(self, pixels: Pixels) -> Floats:
        (logits,) = self._session.run(["logits"], {"crops": pixels.astype(np.float32)})
        return np.asarray(logits, dtype=np.float32)
