"""Our pipeline beside the usual one: ``python -m benchmarks.pipeline --photos DIR --json``.

The reference is facenet-pytorch's MTCNN on the photo and Keras ``predict`` for each face. Both
sides see the same photos and the same classifier weights, alternate round by round, and have the
whole machine: ours one process per core, the reference that or one process of all threads,
whichever was faster in the round. Annotating is timed apart and in no rate.

With ``--against DIR`` another checkout of this project takes part in every round, with its own
code; afterwards both builds alternate on photos without a face, and the crowds of 24 to 40 px of
benchmarks.detection_recall are looked for with the same detector and with MTCNN as it is here.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.hfer_v0_bundle import hfer_v0_bundle
from benchmarks.photos import write_empty
from benchmarks.pipeline.measure import measure, measure_without_faces
from benchmarks.pipeline.table import as_tables
from services.vision.bundle import INT8_MODEL_NAME, load_bundle
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.engines import DEFAULT_DETECTOR, DetectorKind

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--photos", type=Path, default=REPOSITORY / "samples")
    parser.add_argument(
        "--bundle",
        default=str(REPOSITORY / "models" / "starter"),
        help="a bundle's folder, or \"seed\" for hfer v0's network with random weights",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--detector", default=DEFAULT_DETECTOR.value, help="ours")
    parser.add_argument("--against", type=Path, help="another checkout of this project")
    parser.add_argument("--precisions", help="such as fp32,bf16 (default: all the bundle has)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    photos = [path for path in asked.photos.iterdir() if path.suffix in {".jpg", ".jpeg"}]
    if not photos:
        parser.error(f"{asked.photos} holds no JPEGs; python -m benchmarks.photos makes some")
    bundle = hfer_v0_bundle() if asked.bundle == "seed" else Path(asked.bundle)
    has_int8 = INT8_MODEL_NAME in load_bundle(bundle).manifest.files
    usual = [each for each in PrecisionChoice if has_int8 or each is not PrecisionChoice.INT8]
    precisions = (
        [PrecisionChoice(p) for p in asked.precisions.split(",")] if asked.precisions else usual
    )
    if PrecisionChoice.INT8 in precisions and not has_int8:
        parser.error(f"{bundle} has no int8 network; python -m services.trainer quantise makes it")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        steps = 2 + len(precisions) + asked.rounds * (2 + len(precisions))
        task = bar.add_task("starting", total=steps)
        report = measure(
            bundle,
            sorted(photos, key=_pixels),
            precisions=precisions,
            rounds=asked.rounds,
            cores=asked.threads,
            show=lambda text: bar.update(task, description=text, advance=1),
            detector=asked.detector,
            against=asked.against and asked.against.resolve(),
        )
    figures = report.as_json()
    for table in as_tables(figures):
        Console(width=120).print(table)
    if asked.against:
        figures |= _beside(bundle, precisions[0], asked)
    if asked.json:
        print(json.dumps(figures))


def _beside(bundle: Path, precision: PrecisionChoice, asked: argparse.Namespace) -> dict[str, Any]:
    """Print and return what stands beside the ratio to another checkout."""
    # Not above: the processes of a crew import this module as well.
    from benchmarks.detection_recall.contenders import load
    from benchmarks.detection_recall.fixed_set import fixed_set
    from benchmarks.detection_recall.measure import as_json
    from benchmarks.detection_recall.measure import measure as measure_recall
    from benchmarks.detection_recall.packages import CACHE
    from benchmarks.detection_recall.report import as_tables as as_recall_tables

    with tempfile.TemporaryDirectory(prefix="hfer-no-face-") as scratch:
        without = measure_without_faces(
            bundle,
            write_empty(Path(scratch)),
            precision=precision,
            rounds=asked.rounds,
            cores=asked.threads,
            detector=asked.detector,
            against=asked.against.resolve(),
        )
    print(f"photos without a face: {without['cost']:.2f} times the other build's seconds")
    names = dict.fromkeys((asked.detector, DetectorKind.OPENVINO.value))
    recall = as_json(
        measure_recall(fixed_set("crowds of 150"), [load(name, CACHE) for name in names])
    )
    for table in as_recall_tables(recall):
        Console(width=120).print(table)
    return {"without_faces": without, "recall": recall}


def _pixels(path: Path) -> tuple[int, str]:
    with Image.open(path) as image:
        return image.width * image.height, path.name


if __name__ == "__main__":
    main()
