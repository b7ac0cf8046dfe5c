"""RetinaFace and O-Net on ONNX Runtime: CUDA where it is, else the CPU."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from services.vision.detectors.boxes import Floats
from services.vision.detectors.networks import in_batches, read_networks
from services.vision.detectors.priors import STRIDES
from services.vision.detectors.retinaface import RetinaFaceDetector
from services.vision.onnxruntime import open_session
from services.vision.transforms import Pixels

_ONET_BATCH = 16


def load_retinaface_onnxruntime(
    retinaface: Path, mtcnn: Path, *, threads: int = 1
) -> RetinaFaceDetector:
    """Verify the networks in both folders and open sessions on them.

    Args:
        retinaface: ``models/retinaface`` or a copy.
        mtcnn: ``models/mtcnn`` or a copy.
        threads: matter on the CPU only.

    Raises:
        BundleError: if a manifest or a network is missing or not what its SHA-256 says.
    """
    return RetinaFaceDetector(_Networks(retinaface, mtcnn, threads=threads))


class _Networks:
    def __init__(self, retinaface: Path, mtcnn: Path, *, threads: int) -> None:
        first = read_networks(retinaface, "retinaface")["retinaface"]
        self._retinaface: Any = open_session(first, threads=threads)
        self._onet: Any = open_session(read_networks(mtcnn, "onet")["onet"], threads=threads)

    def cells(self, pixels: Pixels) -> Mapping[int, Floats]:
        """See ``ProposalNetwork.cells``."""
        names = [f"cells_{stride}" for stride in STRIDES]
        found = self._retinaface.run(names, {"pixels": pixels[np.newaxis]})
        return {stride: cells[0] for stride, cells in zip(STRIDES, found, strict=True)}

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``mtcnn.Networks.onet``."""
        scores, offsets, landmarks = in_batches(self._run_onet, crops, _ONET_BATCH)
        return scores, offsets, landmarks

    def _run_onet(self, crops: Floats) -> list[Floats]:
        found: list[Floats] = self._onet.run(["scores", "offsets", "landmarks"], {"pixels": crops})
        return found
