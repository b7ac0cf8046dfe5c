"""A comparison with another bundle, written into the manifest for the service's gate.

So a bundle whose own figures are of another test, or that is older than the hashes of test sets,
can be compared with all the same: both answer the same images, in one run of the trainer.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.bundles import MANIFEST_NAME
from services.common.files import write_atomically
from services.trainer.data.votes import majority
from services.trainer.evaluation.bundle import BundleEvaluation
from services.trainer.evaluation.metrics import confusion_matrix, scores
from services.trainer.evaluation.tested_on import describe_test
from services.vision.bundle import Bundle, load_bundle

COMPARISONS = "comparisons"


def record_comparison(baseline: BundleEvaluation, evaluated: BundleEvaluation) -> Bundle:
    """Write what two bundles came to on the same images into the second one's manifest.

    With votes the truth is their majority, and faces without one are left out. An earlier
    comparison with the same bundle on the same test is replaced.

    Args:
        baseline: of the bundle that is compared with, such as the service's active one.
        evaluated: of the bundle that is written to. It has another identity afterwards: record
            before it is published, or raise its version.

    Returns:
        The bundle as it is now.

    Raises:
        ValueError: if the images are not the same.
        SeenImagesError: if either bundle was trained on any of them.
    """
    if list(baseline.images.hashes) != list(evaluated.images.hashes):
        raise ValueError("the two bundles were not evaluated on the same images")
    for each in (baseline, evaluated):
        each.overlap.refuse_trained()
    found = comparison(baseline, evaluated)
    bundle = evaluated.bundle
    metrics = bundle.manifest.metrics
    kept = [each for each in metrics.get(COMPARISONS, ()) if _about(each) != _about(found)]
    manifest = bundle.manifest.model_copy(
        update={"metrics": {**metrics, COMPARISONS: [*kept, found]}}
    )
    text = manifest.model_dump_json(indent=2) + "\n"
    write_atomically(bundle.directory / MANIFEST_NAME, text.encode())
    return load_bundle(bundle.directory)


def comparison(baseline: BundleEvaluation, evaluated: BundleEvaluation) -> dict[str, Any]:
    """Return truth, test set and the figures of both, ready for JSON."""
    images = evaluated.images
    votes, labels = images.votes, images.labels
    decided = np.ones(len(labels), dtype=bool)
    if votes is not None:
        labels, decided = majority(votes)
    hashes = np.array(images.hashes)[decided]
    return {
        **describe_test(hashes, labels[decided], judged=votes is not None),
        **_measures(evaluated, labels, decided),
        "baseline": {
            "model_version": baseline.bundle.version,
            "sha256": baseline.bundle.identity,
            **_measures(baseline, labels, decided),
        },
    }


def _measures(
    evaluation: BundleEvaluation, labels: NDArray[np.int64], decided: NDArray[np.bool_]
) -> dict[str, float]:
    answers = evaluation.answers.logits.argmax(axis=1)
    found = scores(confusion_matrix(labels[decided], answers[decided]))
    return {
        name: round(float(getattr(found, name)), 4)
        for name in ("accuracy", "macro_recall", "macro_f1")
    }


def _about(found: dict[str, Any]) -> tuple[str, str]:
    return found["test_sha256"], found["baseline"]["sha256"]
