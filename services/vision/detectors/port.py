"""What the pipeline asks of a face detector."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.vision.transforms import Pixels


class FaceDetector(Protocol):
    """Finds faces in upright photos."""

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        """Return the faces of each photo, in no particular order.

        Args:
            photos: uint8 ``[H, W, 3]`` each, upright; sizes may differ.
            threshold: lowest confidence kept. MTCNN itself drops what is below 0.7.
            min_face_px: faces whose longer side is below are left out; below 20 px MTCNN finds
                none.
        """


def faces_from_arrays(
    boxes: NDArray[np.floating],
    scores: NDArray[np.floating],
    points: NDArray[np.floating],
    *,
    size: tuple[int, int],
    threshold: float,
    min_face_px: int,
) -> list[DetectedFace]:
    """Turn a detector's arrays into faces clipped to the photo, in Python floats.

    Args:
        boxes: corners ``x1, y1, x2, y2``, ``[N, 4]``; they may reach out of the photo.
        scores: confidences in 0..1, ``[N]``.
        points: landmarks ``[N, 5, 2]`` as ``x, y``.
        size: width and height of the photo.
        threshold: lowest confidence kept.
        min_face_px: shortest longer side kept, measured after clipping.
    """
    limits = np.array(size, dtype=np.float64)
    corners = np.clip(boxes.astype(np.float64), 0.0, np.tile(limits, 2))
    landmarks = np.clip(points.astype(np.float64), 0.0, limits)
    # Float32 softmax may exceed 1 by one unit in the last place.
    confidences = np.minimum(scores.astype(np.float64), 1.0)
    sides = corners[:, 2:] - corners[:, :2]
    large = (sides.max(axis=1, initial=0) >= min_face_px) & (sides.min(axis=1, initial=1) > 0)
    kept = np.flatnonzero(large & (confidences >= threshold))
    return [
        DetectedFace(
            box=Box.from_corners(*corners[index].tolist()),
            landmarks=tuple((x, y) for x, y in landmarks[index].tolist()),
            confidence=float(confidences[index]),
        )
        for index in kept
    ]
