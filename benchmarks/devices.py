"""The engines of this node's GPU beside those of its cores: ``python -m benchmarks.devices``.

The GPU side is one process, as the worker has one per GPU: ONNX Runtime with CUDA, photo by photo
with the default detector (``--detector facenet``: MTCNN, on batches of equal size). The CPU side is
a process of one thread per core with OpenVINO. Without a GPU the first side runs the same code on
ONNX Runtime's CPU provider (facenet: torch's), which rehearses it and says so. Prints photos per
second of both and, last, JSON with the ratio.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.crew import hired, share
from benchmarks.photos import write_variations
from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions
from services.vision.build import build_pipeline
from services.vision.engines import ClassifierKind, DetectorKind, cuda_available

REPOSITORY = Path(__file__).resolve().parents[1]
CHUNK = 16


class Side:
    """One process of a worker for one kind of device."""

    def __init__(
        self,
        detector: DetectorKind,
        classifier: ClassifierKind,
        bundle: Path,
        photos: Sequence[Path],
        threads: int,
    ) -> None:
        self._pipeline = build_pipeline(
            bundle,
            REPOSITORY / "models" / "mtcnn",
            detector=detector,
            classifier=classifier,
            threads=threads,
        )
        self._photos = [path.read_bytes() for path in photos]

    def analyse(self, number: int, of: int) -> int:
        """Analyse this share of the photos; return the number of faces."""
        mine = share(self._photos, number, of)
        faces = 0
        for start in range(0, len(mine), CHUNK):
            for found in self._pipeline.analyse(mine[start : start + CHUNK], AnalysisOptions()):
                if isinstance(found, ItemError):
                    raise found
                faces += len(found.faces)
        return faces


def measure(
    bundle: Path,
    photos: Sequence[Path],
    *,
    rounds: int,
    cores: int,
    detector: DetectorKind = DetectorKind.AUTO,
) -> dict[str, Any]:
    """Alternate both sides; medians of photos per second, and of the rounds' ratios."""
    with ExitStack() as stack:
        # AUTO imports torch, as a worker does: ONNX Runtime takes CUDA and cuDNN from its wheels.
        onnx = ClassifierKind.AUTO if cuda_available() else ClassifierKind.ONNXRUNTIME
        gpu = stack.enter_context(hired(Side, detector, onnx, bundle, photos, cores, size=1))
        plain = DetectorKind.OPENVINO if detector is DetectorKind.FACENET else detector
        vino = ClassifierKind.OPENVINO
        cpu = stack.enter_context(hired(Side, plain, vino, bundle, photos, 1, size=cores))
        faces = {sum(gpu.call("analyse")), sum(cpu.call("analyse"))}
        rates: list[tuple[float, float]] = []
        for _ in track(range(rounds), description="rounds", transient=True):
            pair = tuple(len(photos) / crew.timed("analyse")[0] for crew in (gpu, cpu))
            rates.append((pair[0], pair[1]))
    return {
        "cuda": cuda_available(),
        "photos": len(photos),
        "faces": sorted(faces),
        "gpu_photos_per_s": round(statistics.median(ours for ours, _ in rates), 2),
        "cpu_photos_per_s": round(statistics.median(theirs for _, theirs in rates), 2),
        "ratio": round(statistics.median(ours / theirs for ours, theirs in rates), 3),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.devices", description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of JPEGs (default: from samples/)")
    parser.add_argument("--count", type=int, default=64, help="photos made from samples/")
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "models" / "starter")
    parser.add_argument("--detector", type=DetectorKind, default=DetectorKind.AUTO)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-devices-") as scratch:
        folder = asked.photos or Path(scratch)
        photos = sorted(folder.glob("*.jpg")) or write_variations(folder, count=asked.count)
        report = measure(
            asked.bundle,
            photos,
            rounds=asked.rounds,
            cores=asked.cores,
            detector=asked.detector,
        )
    gpu = "the GPU" if report["cuda"] else "the GPU's engines on the CPU (no GPU found)"
    print(f"{gpu}: {report['gpu_photos_per_s']} photos/s in one process")
    print(f"{asked.cores} cores: {report['cpu_photos_per_s']} photos/s")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
