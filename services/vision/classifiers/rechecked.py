"""A fast classifier whose near ties are asked again: first answers as the exact one gives them."""

import numpy as np
from numpy.typing import NDArray

from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.transforms import Pixels


class RecheckedClassifier:
    """An ``ExpressionClassifier`` in a narrow precision, in fp32 for faces on which two tie.

    Rounding changes a first answer only where the second is close behind it: on the starter all
    of bf16's changes lie within 0.09 of a probability. Asking again for those within ``lead``
    costs a run of a small share of the faces, and gives the first answer of fp32 back.
    """

    def __init__(
        self, rough: ExpressionClassifier, exact: ExpressionClassifier, *, lead: float
    ) -> None:
        """Join two engines of one bundle.

        Args:
            rough: in the narrow precision.
            exact: in fp32.
            lead: faces on which the two highest probabilities are less apart are asked again.
        """
        self._rough = rough
        self._exact = exact
        self._lead = lead

    @property
    def precision(self) -> Precision:
        """The narrow one: most answers are its."""
        return self._rough.precision

    def classify(self, crops: Pixels) -> NDArray[np.float64]:
        """See ``ExpressionClassifier.classify``."""
        probabilities = self._rough.classify(crops)
        ties = np.flatnonzero(leads(probabilities) < self._lead)
        if ties.size:
            probabilities[ties] = self._exact.classify(crops[ties])
        return probabilities


def leads(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance ``[N]`` of the highest of each row ``[N, 7]`` from the second."""
    highest = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(highest[:, 1] - highest[:, 0])
