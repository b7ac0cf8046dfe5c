"""Where a photo's time goes, on one core: ``python -m benchmarks.profile``.

Wraps the parts of the pipeline with a watch and prints milliseconds a photo, for photos of 0.75
and of 6 megapixels with six faces. Parts hold those indented below them.
"""

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.photos import crowd_photo
from services.common.domain.faces import AnalysisOptions
from services.vision import pipeline as pipeline_module
from services.vision.build import build_pipeline
from services.vision.detectors import mtcnn
from services.vision.engines import DetectorKind
from services.vision.pipeline import Pipeline

REPOSITORY = Path(__file__).resolve().parents[1]
_MEGAPIXELS = (0.75, 6.0)
_PHOTOS = 4

# Label, and where the function lives. Networks are looked up on the loaded detector; what another
# detector has is left out.
_PARTS: tuple[tuple[str, str], ...] = (
    ("decode", "pipeline._decode"),
    ("detect", "detector.detect"),
    ("  RetinaFace", "networks.cells"),
    ("  averages of levels", "mtcnn.area_level"),
    ("  P-Net", "networks.pnet"),
    ("  averages of candidates", "mtcnn.area_crops"),
    ("  R-Net", "networks.rnet"),
    ("  O-Net", "networks.onet"),
    ("  suppression", "mtcnn.non_maximum_suppression"),
    ("crop", "module.crop_detected"),
    ("classify", "classifier.classify"),
    ("sharpness", "module.sharpness"),
)


def profile(pipeline: Pipeline, photos: list[bytes]) -> dict[str, float]:
    """Milliseconds a photo by part, and ``whole``; the pipeline stays wrapped afterwards."""
    parts = vars(pipeline)
    owners = {
        "pipeline": pipeline,
        "detector": parts["_detector"],
        "networks": vars(parts["_detector"])["_networks"],
        "classifier": parts["_classifier"],
        "mtcnn": mtcnn,
        "module": pipeline_module,
    }
    pipeline.analyse(photos, AnalysisOptions())
    seconds: dict[str, float] = defaultdict(float)
    originals = []
    for label, place in _PARTS:
        owner, name = owners[place.partition(".")[0]], place.partition(".")[2]
        if not hasattr(owner, name):
            continue
        originals.append((owner, name, getattr(owner, name)))
        setattr(owner, name, _watched(getattr(owner, name), label, seconds))
    started = time.perf_counter()
    pipeline.analyse(photos, AnalysisOptions())
    seconds["whole"] = time.perf_counter() - started
    for owner, name, original in originals:
        setattr(owner, name, original)
    return {label: 1000 * spent / len(photos) for label, spent in seconds.items()}


def _watched(
    function: Callable[..., Any], label: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def wrapper(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            seconds[label] += time.perf_counter() - started

    return wrapper


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "models" / "starter")
    parser.add_argument("--faces", type=int, default=6)
    parser.add_argument("--detector", type=DetectorKind, default=DetectorKind.AUTO)
    asked = parser.parse_args()
    mtcnn_dir = REPOSITORY / "models" / "mtcnn"
    pipeline = build_pipeline(asked.bundle, mtcnn_dir, detector=asked.detector, threads=1)
    columns = []
    for size in _MEGAPIXELS:
        photos = []
        for seed in range(_PHOTOS):
            file = io.BytesIO()
            photo = crowd_photo(megapixels=size, faces=asked.faces, seed=seed)
            photo.save(file, "JPEG", quality=88)
            photos.append(file.getvalue())
        columns.append(profile(pipeline, photos))
    table = Table("part", *(f"{size:g} Mpx" for size in _MEGAPIXELS), title=pipeline.model_version)
    for label in (*(label for label, _ in _PARTS), "whole"):
        if any(label in column for column in columns):
            table.add_row(label, *(f"{column.get(label, 0):.1f}" for column in columns))
    Console().print(table)


if __name__ == "__main__":
    main()
