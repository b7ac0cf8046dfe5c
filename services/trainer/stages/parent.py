"""``parent``: the bundle that a run goes on from, judged on the very same test images."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.dataset import Subset
from services.trainer.data.seen import Flags, seen_by
from services.trainer.evaluation.compare import paired_bootstrap
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


def judge_parent(run: Run) -> dict[str, Any]:
    """Compare a calibrated run with the bundle in ``model.weights``; add it to the evaluation.

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
    found = {
        "a": parent.version,
        "sha256": parent.identity,
        "calibrated_on": int(_calibrated_on(parent, run)[decided].sum()),
        **paired_bootstrap(
            data.labels[decided],
            a=_answers(parent, data, threads=run.config().loop.threads)[decided],
            b=(read_logits(run)[split] + shift).argmax(axis=1)[decided],
        ),
    }
    write_json(run.report / EVALUATION, {**evaluation, "parent": found})
    return found


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


def _calibrated_on(bundle: Bundle, run: Run) -> Flags:
    """Return which of the run's test images served to calibrate a bundle."""
    seen, (split, data) = seen_by(bundle), run.prepared().evaluated
    if seen is None:
        return np.zeros(len(data), dtype=bool)
    rows = run.prepared().manifest["images"]
    return seen.calibrated_on([r["sha256"] for r in rows if r["split"] == split and r["kept"]])
