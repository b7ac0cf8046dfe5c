"""The classifier of a bundle, loaded and held to the bundle's golden answers."""

from collections.abc import Callable

import numpy as np

from services.common.domain.errors import BundleError, TransientError
from services.vision.bundle import Bundle, check_golden
from services.vision.classifiers.logits import LARGEST_BATCH
from services.vision.classifiers.port import ExpressionClassifier


def verified(
    bundle: Bundle, load: Callable[[Bundle], ExpressionClassifier]
) -> ExpressionClassifier:
    """Load the classifier of a bundle, hold it to its golden answers and warm it up.

    Raises:
        BundleError: it cannot be loaded or run, or answers otherwise.
        TransientError: there is too little memory.
    """
    try:
        classifier = load(bundle)
        check_golden(bundle, classifier)
        warm_up(classifier, bundle)
    except (BundleError, OSError):
        raise
    except Exception as error:
        # Every engine has errors of its own for a network that is none or has other shapes.
        if is_memory_trouble(error):
            detail = "The worker has too little memory to load the model."
            raise TransientError(detail) from error
        raise BundleError(
            f"The network of {bundle.version} cannot be run here; export the bundle again."
        ) from error
    return classifier


def warm_up(classifier: ExpressionClassifier, bundle: Bundle) -> None:
    """Run it on so many crops that it meets every batch size."""
    shape = (2 * LARGEST_BATCH - 1, *bundle.manifest.input.shape)
    classifier.classify(np.zeros(shape, np.uint8))


def is_memory_trouble(error: Exception) -> bool:
    """Return whether memory ran out: torch, ONNX Runtime and OpenVINO raise RuntimeErrors."""
    text = str(error).lower()
    phrases = ("out of memory", "bad_alloc", "allocate memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(phrase in text for phrase in phrases)
    )
