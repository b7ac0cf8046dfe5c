"""``parent``: the bundle that a run goes on from, judged on the very same test images."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.dataset import Subset
from services.trainer.data.seen import Flags, seen_by
from services.trainer.evaluation.compare import paired_bootstrap
from services.trainer.evaluation.recorded import COMPARISONS
from services.trainer.training.run import Run
from services.trainer.training.stage_outputs import (
    CALIBRATION,
    EVALUATION,
    read_json,
    read_logits,
    write_json,
)
from services.vision.bundle import Bundle, check_golden, load_bundle
from services.vision.classifiers.port import Precision
from services.vision.engines import ClassifierKind, load_classifier

_CHUNK = 256
# What tells a test set, in an evaluation and in what a service's gate compares.
_TEST = ("truth", "test_sha256", "n")


def judge_parent(run: Run) -> dict[str, Any]:
    """Compare a calibrated run with the bundle in ``model.weights``; add it to the evaluation.

    Also in the form in which a service looks for it that is to activate the one in place of the
    other (``evaluation/recorded.py``).

    Returns:
        As ``paired_bootstrap``, with the parent's name as "a", its SHA-256, and how many of the
        images served to calibrate it.

    Raises:
        RunError: if the run was not evaluated and calibrated.
        BundleError: if the bundle is gone or damaged.
    """
    evaluation = read_json(run.report / EVALUATION)
    shift = np.asarray(read_json(run.report / CALIBRATION)["prior_shift"])
    split, data = run.prepared().evaluated
    parent = load_bundle(Path(run.config().model.weights))
    decided = data.decided
    paired = paired_bootstrap(
        data.labels[decided],
        a=_answers(parent, data, threads=run.config().loop.threads)[decided],
        b=(read_logits(run)[split] + shift).argmax(axis=1)[decided],
    )
    found = {
        "a": parent.version,
        "sha256": parent.identity,
        "calibrated_on": int(_calibrated_on(parent, data)[decided].sum()),
        **paired,
    }
    for_the_gate = {
        **{name: evaluation[name] for name in _TEST if name in evaluation},
        **_of(paired, "b"),
        "baseline": {
            "model_version": parent.version,
            "sha256": parent.identity,
            **_of(paired, "a"),
        },
    }
    write_json(
        run.report / EVALUATION, {**evaluation, "parent": found, COMPARISONS: [for_the_gate]}
    )
    return found


def _of(paired: dict[str, Any], which: str) -> dict[str, float]:
    return {name: row[which] for name, row in paired["measures"].items()}


def _answers(bundle: Bundle, data: Subset, *, threads: int) -> NDArray[np.int64]:
    classifier = load_classifier(
        ClassifierKind.OPENVINO, bundle, cuda=False, precision=Precision.FP32, threads=threads
    )
    check_golden(bundle, classifier)
    parts = [
        classifier.classify(data.images[start : start + _CHUNK]).argmax(axis=1)
        for start in range(0, len(data), _CHUNK)
    ]
    return np.concatenate(parts)


def _calibrated_on(bundle: Bundle, data: Subset) -> Flags:
    """Return which images served to calibrate a bundle."""
    seen = seen_by(bundle)
    if seen is None or data.hashes is None:
        return np.zeros(len(data), dtype=bool)
    return seen.calibrated_on(data.hashes.tolist())
