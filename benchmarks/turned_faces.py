"""Right answers on heads that are turned in the picture: ``python -m benchmarks.turned_faces``.

    python -m benchmarks.turned_faces --data fer2013.tar.gz --json

Every face of a labelled data set stands on the trainer's canvas, which is turned about its centre
by each of ``ANGLES``, clockwise, and goes through the product's own pipeline. The answer is that
of the largest face; a face that is not found counts as wrong. ``ratio`` is the share of right
answers over that at 0 degrees.
"""

import argparse
import json
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.progress import track

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysedFace, AnalysisOptions, PhotoAnalysis
from services.trainer.data.framing import on_canvas
from services.trainer.evaluation.images import FaceImages, read_images
from services.vision.build import build_pipeline
from services.vision.bundle import load_bundle
from services.vision.classifiers.port import Precision
from services.vision.engines import DetectorKind
from services.vision.transforms import Pixels

REPOSITORY = Path(__file__).resolve().parents[1]
ANGLES = (0, 15, 20, 30, 45, 90, 180, 270)
_CHUNK = 32

Analyse = Callable[[Sequence[bytes]], list[PhotoAnalysis | ItemError]]


def turned(photo: Pixels, degrees: float) -> Pixels:
    """Turn a photo clockwise about its centre; what comes in at the corners repeats the border."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(photo, -int(degrees // 90)))
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    result = cv2.warpAffine(
        photo, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(result, dtype=np.uint8)


def measure(
    images: FaceImages, analyse: Analyse, *, angles: Sequence[int] = ANGLES
) -> dict[str, Any]:
    """Return for each angle how many faces were found and answered rightly, and the ratio to 0.

    ``roll_error`` is the median of how far the reported roll is from the angle, in degrees; None
    where the detector reports none.
    """
    canvases = [on_canvas(image) for image in images.crops]
    labels = images.labels.tolist()
    rows: dict[str, dict[str, Any]] = {}
    for angle in track(angles, description="turning", transient=True):
        faces = _largest_faces([turned(canvas, angle) for canvas in canvases], analyse)
        found = [(face, label) for face, label in zip(faces, labels, strict=True) if face]
        right = sum(_answer(face) == label for face, label in found)
        errors = [_between(face.roll, angle) for face, _ in found if face.roll is not None]
        rows[str(angle)] = {
            "found": len(found),
            "right": right,
            "share": round(right / len(labels), 4),
            "roll_error": round(statistics.median(errors), 1) if errors else None,
        }
    upright = rows[str(angles[0])]["right"]
    for row in rows.values():
        row["ratio"] = round(row["right"] / upright, 4) if upright else None
    return {"faces": len(labels), "sha256": images.sha256, "angles": rows}


def _largest_faces(photos: Sequence[Pixels], analyse: Analyse) -> list[AnalysedFace | None]:
    faces: list[AnalysedFace | None] = []
    for start in range(0, len(photos), _CHUNK):
        for found in analyse([_png(photo) for photo in photos[start : start + _CHUNK]]):
            if isinstance(found, ItemError):
                raise found
            faces.append(found.faces[0] if found.faces else None)
    return faces


def _answer(face: AnalysedFace) -> int:
    return max(range(len(face.probabilities)), key=face.probabilities.__getitem__)


def _between(roll: float, angle: float) -> float:
    return abs(math.remainder(roll - angle, 360))


def _png(photo: Pixels) -> bytes:
    return cv2.imencode(".png", photo[..., ::-1])[1].tobytes()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.turned_faces",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder or archive, see training")
    parser.add_argument("--count", type=int, default=700, help="faces, the same ones every time")
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "models" / "starter")
    parser.add_argument("--detector", type=DetectorKind, default=DetectorKind.AUTO)
    parser.add_argument("--precision", type=Precision, default=Precision.FP32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    images = read_images(asked.data, load_bundle(asked.bundle).manifest.input, most=asked.count)
    pipeline = build_pipeline(
        asked.bundle,
        REPOSITORY / "models" / "mtcnn",
        detector=asked.detector,
        precision=asked.precision,
        threads=asked.threads,
    )
    report = {
        "detector": pipeline.detector,
        "model": pipeline.model_version,
        **measure(images, lambda photos: pipeline.analyse(photos, AnalysisOptions())),
    }
    for angle, row in report["angles"].items():
        print(f"{angle:>4} degrees: {row}")
    if asked.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
