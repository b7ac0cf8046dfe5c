"""Engines side by side on one bundle: ``python -m benchmarks.classifier [--bundle DIR] --json``.

Each has the whole machine, in turns: TensorFlow in one process of all threads and in one process
per core, whichever was faster in the round; the others as a worker has them, one per core. The
figures are medians of the rounds' ratios. ``auto`` is what a worker runs by default. Crops are
drawn faces: shares of equal first answers are worth reading for a trained bundle alone.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.classifier.contenders import (
    onnxruntime_contender,
    openvino_contender,
    tensorflow_contender,
)
from benchmarks.classifier.figures import Measured, figures
from benchmarks.crew import Crew, hired
from benchmarks.hfer_v0_bundle import drawn_crops, hfer_v0_bundle
from services.vision.bundle import INT8_MODEL_NAME, load_bundle
from services.vision.classifiers.choice import PrecisionChoice

REPOSITORY = Path(__file__).resolve().parents[2]
BATCHES = (1, 8, 32)
# Keras predict is so slow that fewer faces measure it as well.
PREDICTED = 16


def measure(bundle: Path, *, faces: int, rounds: int, cores: int) -> dict[str, Any]:
    """Load everyone, warm up and alternate."""
    loaded = load_bundle(bundle)
    crops = drawn_crops(loaded.manifest.input, faces)
    has_int8 = INT8_MODEL_NAME in loaded.manifest.files
    precisions = [each for each in PrecisionChoice if has_int8 or each is not PrecisionChoice.INT8]
    layouts = dict.fromkeys([(cores, 1), (1, cores)])
    with ExitStack() as stack:
        bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))

        def hire(*arguments: Any, size: int) -> Crew:
            return stack.enter_context(hired(*arguments, size=size))

        crews: dict[str, list[Crew]] = {
            name: [
                hire(tensorflow_contender, bundle, crops, threads, predict, size=processes)
                for processes, threads in layouts
            ]
            for name, predict in (("keras predict", True), ("tensorflow", False))
        }
        crews["onnxruntime"] = [hire(onnxruntime_contender, bundle, crops, size=cores)]
        for precision in precisions:
            crews[str(precision)] = [
                hire(openvino_contender, bundle, crops, precision, 1, size=cores)
            ]
        turns = [
            (name, batch)
            for name in crews
            for batch in ((1,) if name == "keras predict" else BATCHES)
        ]
        found = {turn: Measured() for turn in turns}
        task = bar.add_task("", total=len(turns) * (rounds + 1))
        for number in range(rounds + 1):
            for name, batch in turns:
                bar.update(task, description=f"round {number}: {name} {batch}", advance=1)
                count = min(faces, PREDICTED) if name == "keras predict" else faces
                times = [crew.timed("run", batch, count)[0] / count for crew in crews[name]]
                if number:  # the first prepares each engine's kernels for each size of batch
                    found[name, batch].seconds.append(min(times))
        answers = {
            str(precision): [
                part.tolist() for part in crews[str(precision)][0].call("answers", faces)
            ]
            for precision in precisions
        }
        memory = {name: max(max(crew.rss_mb()) for crew in of) for name, of in crews.items()}
    return {
        **figures(found, answers=answers, memory=memory),
        "model_version": loaded.version,
        "random_weights": bool(loaded.manifest.metrics.get("random_weights", False)),
        "cores": cores,
        "rounds": rounds,
        "faces": faces,
    }


def as_table(found: dict[str, Any]) -> Table:
    """Return the figures for a terminal."""
    random = ", random weights" if found["random_weights"] else ""
    table = Table(title=f"{found['model_version']}{random}, {found['cores']} cores")
    for name in ("engine", "batch", "ms a face", "over Keras predict", "over TensorFlow 32", "RSS"):
        table.add_column(name, justify="right" if name != "engine" else "left")
    for row in found["engines"]:
        table.add_row(
            row["engine"],
            str(row["batch"]),
            f"{row['ms_per_face']:.2f}",
            f"{row['over_keras_predict']:.2f}",
            f"{row['over_tensorflow']:.2f}",
            f"{row['rss_mb']:.0f} MB",
        )
    return table


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classifier", description=__doc__)
    parser.add_argument("--bundle", default=str(REPOSITORY / "models" / "starter"))
    parser.add_argument("--faces", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    bundle = hfer_v0_bundle() if asked.bundle == "seed" else Path(asked.bundle)
    found = measure(bundle, faces=asked.faces, rounds=asked.rounds, cores=asked.threads)
    Console(width=110, file=sys.stdout).print(as_table(found))
    for precision, shares in found["agreement"].items():
        top1, max_dp = shares["top1"], shares["max_dp"]
        print(f"{precision}: {top1:.2%} of fp32's first answers, max |dp| {max_dp}")
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
