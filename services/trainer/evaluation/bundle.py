"""Evaluate a bundle as it is served, on any folder of classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.halves import Half
from services.trainer.data.layouts import Split
from services.trainer.data.votes import majority
from services.trainer.evaluation.answers import Answers, figures
from services.trainer.evaluation.images import FaceImages, Progress, read_images
from services.trainer.evaluation.seen import Overlap, overlap
from services.trainer.evaluation.tested_on import describe_test
from services.trainer.evaluation.votes import against_votes
from services.vision.bundle import Bundle, check_golden, load_bundle
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.engines import ClassifierKind, load_classifier

# Between reports of progress.
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class BundleEvaluation:
    """The images, the bundle's answers, and which of them it had seen before."""

    bundle: Bundle
    images: FaceImages
    answers: Answers
    overlap: Overlap
    precision: Precision

    def as_json(self) -> dict[str, Any]:
        """Return every figure, with what was evaluated on what."""
        manifest = self.bundle.manifest
        return {
            "model_version": self.bundle.version,
            "precision": str(self.precision),
            "data": self.images.facts(),
            "notes": [*self.overlap.notes(), *self._votes_notes()],
            **figures(self.answers),
            **describe_test(self.images.hashes, self.images.labels, judged=False),
            **self._judges(),
            "prior_shift": list(manifest.prior_shift),
            "overlap": self.overlap.facts(),
            "trained_on": manifest.training_data.model_dump(),
        }

    def _judges(self) -> dict[str, Any]:
        votes = self.images.votes
        if votes is None:
            return {}
        labels, decided = majority(votes)
        hashes = np.array(self.images.hashes)[decided]
        test = describe_test(hashes, labels[decided], judged=True)
        found = against_votes(self.answers.after, votes, self.images.labels)
        return {"judges": {"test_sha256": test["test_sha256"], **found}}

    def _votes_notes(self) -> list[str]:
        notes = [
            f"{count:,} images were left out: {reason.replace('_', ' ')}."
            for reason, count in self.images.reasons.items()
        ]
        if self.images.votes is not None:
            notes.append(
                "Accuracy, confusion and the tables are about the data set's own labels; the key "
                "judges is about the votes."
            )
        return notes


def evaluate_bundle(
    bundle: Path,
    data: Path,
    *,
    split: Split | None = None,
    half: Half | None = None,
    votes: Sequence[Path] = (),
    allow_seen: bool = False,
    drop_seen: bool = False,
    beside: Sequence[Path] = (),
    precision: Precision = Precision.FP32,
    threads: int = 1,
    progress: Progress | None = None,
) -> BundleEvaluation:
    """Classify whole-face images with the engine, temperature and prior shift of serving.

    Args:
        bundle: the bundle's folder; hashes and golden answers are checked first.
        data: a folder or archive of images, see ``read_images``.
        split: as of ``read_images``, as are ``half`` and ``votes``.
        half: one half of the images.
        votes: tables of what judges said.
        allow_seen: evaluate images of its training data too, with a note.
        drop_seen: leave them out, and say how many they were.
        beside: bundles that are compared with it; what they have seen is left out as well.
        precision: of the network.
        threads: of the engine.
        progress: called with (done, total); an image counts when read and when classified.

    Raises:
        BundleError: if the bundle is damaged or has no network of that precision.
        DataLayoutError: see ``read_images``; or if all of the images are dropped.
        SeenImagesError: if any of the images was in the bundle's training data.
    """
    loaded = load_bundle(bundle)
    classifier = load_classifier(
        ClassifierKind.OPENVINO, loaded, cuda=False, precision=precision, threads=threads
    )
    check_golden(loaded, classifier)

    def reading(done: int, total: int) -> None:
        if progress is not None:
            progress(done, 2 * total)

    def classifying(done: int, total: int) -> None:
        if progress is not None:
            progress(total + done, 2 * total)

    manifest = loaded.manifest
    images = read_images(
        data, manifest.input, split=split, half=half, votes=votes, progress=reading
    )
    if drop_seen:
        images = _without_seen(images, [loaded, *map(load_bundle, beside)])
    seen = overlap(loaded, images)
    if not allow_seen:
        seen.refuse_trained()
    probabilities = _classify(images.crops, classifier=classifier, progress=classifying)
    answers = Answers(
        labels=images.labels,
        logits=_logits(probabilities, temperature=manifest.temperature),
        temperature=manifest.temperature,
        abstention_threshold=manifest.abstention_threshold,
        fitted_here=seen.fitted_here,
    )
    return BundleEvaluation(loaded, images, answers, seen, precision)


def _without_seen(images: FaceImages, bundles: Sequence[Bundle]) -> FaceImages:
    seen = np.any([overlap(bundle, images).trained for bundle in bundles], axis=0)
    return images.without(seen, reason="seen_in_training") if seen.any() else images


def _classify(
    crops: NDArray[np.uint8], *, classifier: ExpressionClassifier, progress: Progress
) -> NDArray[np.float64]:
    parts = []
    for start in range(0, len(crops), _CHUNK):
        parts.append(classifier.classify(crops[start : start + _CHUNK]))
        progress(min(start + _CHUNK, len(crops)), len(crops))
    return np.concatenate(parts)


def _logits(probabilities: NDArray[np.float64], *, temperature: float) -> NDArray[np.float64]:
    """Undo the softmax up to a constant per row, which no softmax sees."""
    return np.asarray(np.log(np.maximum(probabilities, 1e-300)) * temperature)
