"""What the pipeline asks of a face detector."""

from collections.abc import Sequence
from typing import Protocol

from services.common.domain.faces import DetectedFace
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
