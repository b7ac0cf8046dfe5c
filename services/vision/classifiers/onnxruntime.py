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
from services.vision.transforms import Pixels

# TF32 keeps 10 bits of mantissa, too few for the golden answers; exhaustive search of
# convolution algorithms would run again for each batch size.
_CUDA_OPTIONS = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}


class OnnxRuntimeClassifier:
    """An ``ExpressionClassifier`` on the GPU, or on the CPU where no GPU is."""

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        """Open a session on the bundle's network; ``threads`` matter on the CPU only."""
        import onnxruntime

        self.precision = Precision.FP32
        self._manifest = bundle.manifest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            bundle.model_path().read_bytes(),
            sess_options=options,
            providers=_providers(onnxruntime.get_available_providers()),
        )
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


def _providers(available: list[str]) -> list[Any]:
    cpu = "CPUExecutionProvider"
    if "CUDAExecutionProvider" in available:
        return [("CUDAExecutionProvider", _CUDA_OPTIONS), cpu]
    return [cpu]
