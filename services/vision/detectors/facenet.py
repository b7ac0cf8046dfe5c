"""MTCNN by facenet-pytorch: the reference, and the detector where CUDA is.

It runs photo by photo through ``detect()``: the batch calls need equal sizes
(facenet-pytorch#58) and fail when one photo shows no face (facenet-pytorch#224).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.common.domain.faces import DetectedFace
from services.vision.detectors.port import faces_from_arrays
from services.vision.transforms import Pixels


class FacenetDetector:
    """A ``FaceDetector`` on torch."""

    def __init__(self, mtcnn: Any) -> None:
        """Keep a ``facenet_pytorch.MTCNN`` built with ``keep_all=True``."""
        self._mtcnn = mtcnn

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        """See ``FaceDetector.detect``."""
        return [self._detect_one(rgb, threshold, min_face_px) for rgb in photos]

    def _detect_one(self, rgb: Pixels, threshold: float, min_face_px: int) -> list[DetectedFace]:
        boxes, scores, points = self._mtcnn.detect(rgb, landmarks=True)
        if boxes is None:
            return []
        return faces_from_arrays(
            # With numpy 2 detect() returns arrays of objects.
            np.asarray(boxes, dtype=np.float64),
            np.asarray(scores, dtype=np.float64),
            np.asarray(points, dtype=np.float64),
            size=(rgb.shape[1], rgb.shape[0]),
            threshold=threshold,
            min_face_px=min_face_px,
        )


def load_facenet_detector(*, device: str = "cpu", threads: int = 1) -> FacenetDetector:
    """Build the detector with the weights inside the facenet-pytorch package.

    Args:
        device: a torch device such as ``cpu`` or ``cuda:0``.
        threads: torch's threads on the CPU, for the whole process.
    """
    import facenet_pytorch
    import torch

    torch.set_num_threads(threads)
    mtcnn = facenet_pytorch.MTCNN(keep_all=True, device=torch.device(device))
    return FacenetDetector(mtcnn)
