"""Our pipeline beside the usual one: ``python -m benchmarks.pipeline --photos DIR --json``.

The reference is facenet-pytorch's MTCNN on the photo and Keras ``predict`` for each face. Both
sides see the same photos and the same classifier weights, alternate round by round, and have the
whole machine: ours one process per core, the reference that or one process of all threads,
whichever was faster in the round. Annotating is timed apart and in no rate.
"""

import argparse
import json
import os
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.hfer_v0_bundle import hfer_v0_bundle
from benchmarks.pipeline.measure import measure
from benchmarks.pipeline.table import as_tables
from services.vision.bundle import INT8_MODEL_NAME, load_bundle
from services.vision.classifiers.choice import PrecisionChoice

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
        )
    for table in as_tables(report.as_json()):
        Console(width=120).print(table)
    if asked.json:
        print(json.dumps(report.as_json()))


def _pixels(path: Path) -> tuple[int, str]:
    with Image.open(path) as image:
        return image.width * image.height, path.name


if __name__ == "__main__":
    main()
