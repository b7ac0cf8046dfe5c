"""Our MTCNN beside facenet-pytorch's, detection alone: ``python -m benchmarks.detection --json``.

Both sides hold the same decoded photos, alternate round by round, and have the whole machine:
ours one process of one thread per core, facenet-pytorch that or one process of all threads,
whichever was faster in the round. The last line is JSON; ``ratios`` maps each size to ours over
facenet-pytorch in photos per second, the median over rounds.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.progress import track

from benchmarks.crew import Crew, hired, share
from benchmarks.photos import write_crowd
from benchmarks.pipeline.agreement import Face, compare
from services.common.domain.faces import DetectedFace
from services.vision.transforms import Pixels

REPOSITORY = Path(__file__).resolve().parents[1]
SIZES = ((1000, 750), (3000, 2000))
_FACES_AT_MOST = 9


class Detection:
    """One process with one of the two engines and its photos, by size."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._engine = engine
        if engine == "facenet":
            from services.vision.detectors.facenet import load_facenet_detector

            self._detector: Any = load_facenet_detector()
        else:
            from services.vision.detectors.openvino import load_openvino_detector

            self._detector = load_openvino_detector(REPOSITORY / "models" / "mtcnn")
        self._photos = {size: _photos(folder, size) for size in SIZES}

    def detect(
        self, number: int, of: int, size: tuple[int, int], threads: int
    ) -> list[list[DetectedFace]]:
        """Find the faces of this share of the photos, one photo at a time."""
        if self._engine == "facenet":
            import torch

            torch.set_num_threads(threads)
        mine = share(self._photos[size], number, of)
        return [self._detector.detect([photo], threshold=0.7)[0] for photo in mine]


def _photos(folder: Path, size: tuple[int, int]) -> list[Pixels]:
    paths = sorted(folder.iterdir())
    return [np.array(Image.open(path).convert("RGB").resize(size)) for path in paths]


def measure(folder: Path, *, rounds: int, cores: int) -> dict[str, Any]:
    """Alternate the engines; return ratios, milliseconds per photo and agreement by size."""
    with ExitStack() as stack:
        facenet, ours = (
            stack.enter_context(hired(Detection, engine, folder, size=cores))
            for engine in ("facenet", "openvino")
        )
        report: dict[str, Any] = {"ratios": {}, "ms_per_photo": {}, "agreement": {}}
        for size in SIZES:
            name = "x".join(map(str, size))
            theirs, mine = ([*_in_one(crew, size)] for crew in (facenet, ours))
            report["agreement"][name] = asdict(compare(_faces(theirs), _faces(mine), iou=0.95))
            seconds: dict[str, list[float]] = {}
            for _ in track(range(rounds), description=name, transient=True):
                for layout, crew, threads, members in (
                    ("facenet 1 process", facenet, cores, 1),
                    (f"facenet {cores} processes", facenet, 1, cores),
                    (f"ours {cores} processes", ours, 1, cores),
                ):
                    taken, _ = crew.timed("detect", size, threads, members=members)
                    seconds.setdefault(layout, []).append(taken)
            *reference, own = seconds.values()
            ratios = [min(a) / b for *a, b in zip(*reference, own, strict=True)]
            report["ratios"][name] = round(statistics.median(ratios), 2)
            report["ms_per_photo"][name] = {
                layout: round(1000 * statistics.median(each) / len(theirs), 1)
                for layout, each in seconds.items()
            }
    return report


def _in_one(crew: Crew, size: tuple[int, int]) -> Sequence[list[DetectedFace]]:
    return crew.call("detect", size, 1, members=1)[0]  # type: ignore[no-any-return]


def _faces(photos: Sequence[Sequence[DetectedFace]]) -> list[list[Face]]:
    nothing = (0.0,) * 7
    return [[Face(f.box, f.landmarks, f.confidence, nothing) for f in photo] for photo in photos]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--count", type=int, default=12, help="photos of each size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-detection-") as scratch:
        write_crowd(Path(scratch), count=asked.count, most_faces=_FACES_AT_MOST)
        report = measure(Path(scratch), rounds=asked.rounds, cores=asked.threads)
    for size, ratio in report["ratios"].items():
        print(f"{size}: {ratio:.2f} times facenet-pytorch, {report['ms_per_photo'][size]} ms")
        print(f"  {report['agreement'][size]}")
    if asked.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
