"""Do the GPU's engines answer as the CPU's? Detectors on photos of groups, classifier on crops."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu_check.outcome import Figure
from benchmarks.gpu_check.packages import (
    SessionProbe,
    check_provider,
    require,
    require_onnxruntime,
    require_torch,
)
from benchmarks.gpu_check.sizes import Sizes
from benchmarks.pipeline.agreement import CONFIDENT, Face, landmark_errors, match
from services.common.domain.faces import DetectedFace

MODELS = Path(__file__).resolve().parents[2] / "models"
MTCNN, STARTER = MODELS / "mtcnn", MODELS / "starter"
_SAME_FACE_IOU = 0.5
# Engines in float32 differ by 3e-6 (docs/performance.md).
_MOST_DP = 1e-3


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far two detectors may differ on faces of a confidence of at least 0.95.

    Attributes:
        iou: lowest of a pair of boxes.
        landmark: largest distance, as a share of the box's longer side.
        lost: share of the faces of both sides that only one has.
    """

    iou: float
    landmark: float
    lost: float


# As tests/model holds the two engines of MTCNN to each other.
EXACT = Bounds(iou=0.97, landmark=0.02, lost=0)
# Where the CPU proposes in bfloat16: docs/performance.md has IoU 0.90, and 1 of 284 faces lost.
BF16 = Bounds(iou=0.85, landmark=0.05, lost=0.01)


def retinaface(sizes: Sizes) -> list[Figure]:
    """Compare RetinaFace on ONNX Runtime with OpenVINO's, as workers run them."""
    require("openvino", "cv2")
    require_onnxruntime(rehearsal=sizes.rehearsal)
    from services.vision.cpu import cpu_capabilities
    from services.vision.engines import ClassifierKind, DetectorKind, load_detector

    probe = SessionProbe(MODELS / "retinaface" / "retinaface.onnx")
    check_provider(probe.provider(), rehearsal=sizes.rehearsal)
    cpu, gpu = (
        load_detector(
            DetectorKind.RETINAFACE, MTCNN, engine=engine, cuda=False, threads=sizes.cores
        )
        for engine in (ClassifierKind.OPENVINO, ClassifierKind.ONNXRUNTIME)
    )
    photos = _photos(sizes)
    bounds = BF16 if "BF16" in cpu_capabilities() else EXACT
    return agreement(cpu.detect(photos), gpu.detect(photos), bounds=bounds)


def facenet(sizes: Sizes) -> list[Figure]:
    """Compare MTCNN on torch with OpenVINO's, or where that is missing with torch's on the CPU."""
    require("facenet_pytorch", "cv2")
    require_torch(rehearsal=sizes.rehearsal)
    from services.vision.engines import DetectorKind, load_detector

    gpu = load_detector(DetectorKind.FACENET, MTCNN, cuda=not sizes.rehearsal, threads=sizes.cores)
    kind = DetectorKind.OPENVINO if find_spec("openvino") else DetectorKind.FACENET
    cpu = load_detector(kind, MTCNN, cuda=False, threads=sizes.cores)
    photos = _photos(sizes)
    return agreement(cpu.detect(photos), gpu.detect(photos), bounds=EXACT)


def classifier(sizes: Sizes) -> list[Figure]:
    """Compare the starter on ONNX Runtime with OpenVINO's in fp32, on the same crops."""
    require("openvino", "cv2")
    require_onnxruntime(rehearsal=sizes.rehearsal)
    from benchmarks.hfer_v0_bundle import drawn_crops
    from services.vision.bundle import load_bundle
    from services.vision.classifiers.port import Precision
    from services.vision.engines import ClassifierKind, load_classifier

    bundle = load_bundle(STARTER)
    check_provider(SessionProbe(bundle.model_path()).provider(), rehearsal=sizes.rehearsal)
    crops = drawn_crops(bundle.manifest.input, sizes.crops)
    cpu, gpu = (
        load_classifier(
            kind, bundle, cuda=False, precision=Precision.FP32, threads=sizes.cores
        ).classify(crops)
        for kind in (ClassifierKind.OPENVINO, ClassifierKind.ONNXRUNTIME)
    )
    return probabilities(cpu, gpu)


def agreement(
    cpu: Sequence[Sequence[DetectedFace]],
    gpu: Sequence[Sequence[DetectedFace]],
    *,
    bounds: Bounds,
) -> list[Figure]:
    """Return how far two detectors differ on the same photos.

    Raises:
        RuntimeError: if the CPU's found no face, so that nothing is compared.
    """
    pairs: list[tuple[Face, Face]] = []
    counts = [sum(map(len, side)) for side in (cpu, gpu)]
    if not counts[0]:
        raise RuntimeError("no face was found on the CPU; there is nothing to compare")
    lost: list[Face] = []
    for one, other in zip(map(_faces, cpu), map(_faces, gpu), strict=True):
        found = match(one, other, iou=_SAME_FACE_IOU)
        pairs += [(one[ours], other[theirs]) for ours, theirs in found]
        ours, theirs = ({pair[side] for pair in found} for side in (0, 1))
        alone = [face for n, face in enumerate(one) if n not in ours]
        alone += [face for n, face in enumerate(other) if n not in theirs]
        lost += [face for face in alone if face.confidence >= CONFIDENT]
    sure = [pair for pair in pairs if min(face.confidence for face in pair) >= CONFIDENT]
    iou = min((one.box.iou(other.box) for one, other in sure), default=0.0)
    apart = max((max(landmark_errors(*pair)) for pair in sure), default=0.0)
    return [
        Figure(
            "faces of CPU, GPU, both",
            f"{counts[0]}, {counts[1]}, {len(pairs)}",
            _fault(len(lost) <= bounds.lost * sum(counts), f"{len(lost)} sure ones on one side"),
        ),
        Figure("lowest IoU", f"{iou:.4f}", _fault(iou >= bounds.iou, f"below {bounds.iou}")),
        Figure(
            "largest landmark distance",
            f"{apart:.3%} of the face",
            _fault(apart <= bounds.landmark, f"above {bounds.landmark:.0%}"),
        ),
    ]


def probabilities(cpu: NDArray[np.float64], gpu: NDArray[np.float64]) -> list[Figure]:
    """Return how far two classifiers differ; ``[N, 7]`` each, of the same crops."""
    largest = float(np.abs(cpu - gpu).max())
    same = int((cpu.argmax(axis=1) == gpu.argmax(axis=1)).sum())
    return [
        Figure(
            "largest probability difference",
            f"{largest:.1e}",
            _fault(largest <= _MOST_DP, f"above {_MOST_DP:.0e}"),
        ),
        Figure("same first answer", f"{same} of {len(cpu)} crops"),
    ]


def _fault(well: bool, text: str) -> str:
    return "" if well else text


def _faces(photo: Sequence[DetectedFace]) -> list[Face]:
    return [Face(face.box, face.landmarks, face.confidence, ()) for face in photo]


def _photos(sizes: Sizes) -> list[NDArray[np.uint8]]:
    from PIL import Image

    from benchmarks.photos import write_crowd

    with tempfile.TemporaryDirectory(prefix="hfer-gpu-check-") as scratch:
        paths = write_crowd(Path(scratch), count=sizes.crowds, megapixels=sizes.megapixels)
        return [np.array(Image.open(path).convert("RGB")) for path in paths]
