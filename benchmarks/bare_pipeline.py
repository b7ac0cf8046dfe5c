"""How fast the vision pipeline is alone: no API, queue, database or bucket.

    python -m benchmarks.bare_pipeline --photos DIR

Prints photos and faces per second of one process. Compare numbers of one machine and one
moment only; ``benchmarks.overhead`` sets the service against this.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.vision.build import build_pipeline
from services.vision.classifiers.port import Precision
from services.vision.engines import DetectorKind
from services.vision.pipeline import Pipeline

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Speed:
    """What a run took; ``failed`` photos are those with a typed error."""

    photos: int
    faces: int
    failed: int
    seconds: float
    photos_per_second: float
    faces_per_second: float


def run(
    photos: Sequence[bytes],
    analyser: Pipeline,
    *,
    chunk: int = 16,
    options: AnalysisOptions | None = None,
) -> Speed:
    """Analyse encoded photos chunk by chunk, as a worker does, and time it."""
    options = options or AnalysisOptions()
    results: list[PhotoAnalysis | ItemError] = []
    started = time.perf_counter()
    for start in range(0, len(photos), chunk):
        results += analyser.analyse(photos[start : start + chunk], options)
    seconds = time.perf_counter() - started
    analyses = [result for result in results if isinstance(result, PhotoAnalysis)]
    faces = sum(len(analysis.faces) for analysis in analyses)
    return Speed(
        photos=len(photos),
        faces=faces,
        failed=len(photos) - len(analyses),
        seconds=round(seconds, 3),
        photos_per_second=round(len(photos) / seconds, 3),
        faces_per_second=round(faces / seconds, 3),
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bare_pipeline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=Path, default=REPOSITORY / "samples")
    parser.add_argument("--repeat", type=int, default=1, help="go over the photos so many times")
    parser.add_argument("--chunk", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--detector", type=DetectorKind, default=DetectorKind.AUTO)
    parser.add_argument("--precision", type=Precision, default=Precision.FP32)
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "models" / "starter")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    files = sorted(path for path in asked.photos.iterdir() if path.suffix != ".md")
    photos = [path.read_bytes() for path in files] * asked.repeat
    pipeline = build_pipeline(
        asked.bundle,
        REPOSITORY / "models" / "mtcnn",
        detector=asked.detector,
        precision=asked.precision,
        threads=asked.threads,
    )
    speed = run(photos, pipeline, chunk=asked.chunk)
    if asked.json:
        print(json.dumps(asdict(speed)))
    else:
        print(
            f"{speed.photos_per_second} photos/s, {speed.faces_per_second} faces/s "
            f"({speed.photos} photos, {speed.faces} faces, {speed.failed} failed, "
            f"{speed.seconds} s, {pipeline.model_version})"
        )


if __name__ == "__main__":
    main()
