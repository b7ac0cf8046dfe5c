"""What the pipeline asks of an expression classifier."""

from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.vision.transforms import Pixels


class Precision(StrEnum):
    """The arithmetic an engine may use. Each has its golden tolerance in ``bundle.py``."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class ExpressionClassifier(Protocol):
    """Turns face crops into probabilities of the seven apparent expressions."""

    @property
    def precision(self) -> Precision:
        """The arithmetic in use."""

    def classify(self, crops: Pixels) -> NDArray[np.float64]:
        """Return probabilities ``[N, 7]`` ordered as ``EMOTIONS``; each row sums to 1.

        Args:
            crops: uint8 ``[N, S, S, C]`` of the bundle's input spec; N may be 0.
        """
