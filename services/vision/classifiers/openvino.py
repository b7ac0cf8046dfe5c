"""The expression classifier on OpenVINO: for CPUs."""

from collections.abc import Collection

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from services.vision.bundle import Bundle
from services.vision.classifiers.choice import narrow_choice
from services.vision.classifiers.logits import (
    Floats,
    logits_in_batches,
    steady_sizes,
    to_probabilities,
)
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.classifiers.rechecked import RecheckedClassifier
from services.vision.cpu import cpu_capabilities, cpu_config
from services.vision.transforms import Pixels

# An int8 network carries its own quantisation; what is left of it runs in fp32.
_HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16", Precision.INT8: "f32"}


class OpenVinoClassifier:
    """An ``ExpressionClassifier`` on the CPU. Not for several threads at once."""

    def __init__(
        self, bundle: Bundle, *, precision: Precision = Precision.FP32, threads: int = 1
    ) -> None:
        """Compile the bundle's network.

        Args:
            bundle: a verified bundle.
            precision: a CPU without bf16 instructions runs bf16 as fp32.
            threads: inference threads; 1 by default, as the worker runs a process per core.

        Raises:
            BundleError: if the bundle has no network of that precision.
        """
        self.precision = precision
        self._manifest = bundle.manifest
        config = cpu_config(threads=threads, precision=_HINTS[precision])
        core = openvino.Core()
        # Crops go in as bytes: the graph converts them, at a quarter of the memory traffic.
        bytes_in = PrePostProcessor(core.read_model(bundle.model_path(precision)))
        bytes_in.input("crops").tensor().set_element_type(openvino.Type.u8)
        compiled = core.compile_model(bytes_in.build(), "CPU", config)
        self._request = compiled.create_infer_request()
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
        self._request.infer({"crops": pixels}, share_inputs=True)
        return np.array(self._request.get_tensor("logits").data, dtype=np.float32)


def load_auto(
    bundle: Bundle, *, threads: int = 1, capabilities: Collection[str] | None = None
) -> ExpressionClassifier:
    """Compile what ``auto`` stands for; see ``choice.py``.

    Args:
        bundle: a verified bundle.
        threads: inference threads.
        capabilities: of the CPU; asked of it when None.
    """
    exact = OpenVinoClassifier(bundle, threads=threads)
    known = cpu_capabilities() if capabilities is None else capabilities
    choice = narrow_choice(bundle.manifest, known)
    if choice is None:
        return exact
    precision, tie = choice
    rough = OpenVinoClassifier(bundle, precision=precision, threads=threads)
    return RecheckedClassifier(rough, exact, lead=tie.lead)
