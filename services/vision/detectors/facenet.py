"""MTCNN by facenet-pytorch: the reference, on CUDA or on the CPU.

Photos of one size go together through ``detect()``: a GPU wants work for thousands of threads,
the library takes equal sizes only (facenet-pytorch#58), and its ``forward`` fails when one photo
of a batch shows no face (facenet-pytorch#224), which ``detect`` survives.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from services.common.domain.faces import DetectedFace
from services.vision.detectors.boxes import faces_from_arrays
from services.vision.transforms import Pixels

# Pixels of a batch. As float32 with its pyramid and P-Net's maps a pixel takes about 200 bytes.
_BATCH_PIXELS = 16_000_000


class FacenetDetector:
    """A ``FaceDetector`` on torch."""

    def __init__(self, mtcnn: Any, *, batch_pixels: int = _BATCH_PIXELS) -> None:
        """Keep a ``facenet_pytorch.MTCNN`` built with ``keep_all=True``.

        Args:
            mtcnn: the cascade.
            batch_pixels: bounds a batch; a larger photo goes alone.
        """
        self._mtcnn = mtcnn
        self._batch_pixels = batch_pixels

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        """See ``FaceDetector.detect``."""
        found: dict[int, list[DetectedFace]] = {}
        for batch in _equal_sizes(photos, self._batch_pixels):
            answers = self._answers([photos[index] for index in batch])
            for index, (boxes, scores, points) in zip(batch, answers, strict=True):
                found[index] = []
                if boxes is not None:
                    found[index] = faces_from_arrays(
                        # With numpy 2 detect() returns arrays of objects.
                        np.asarray(boxes, dtype=np.float64),
                        np.asarray(scores, dtype=np.float64),
                        np.asarray(points, dtype=np.float64),
                        size=(photos[index].shape[1], photos[index].shape[0]),
                        threshold=threshold,
                        min_face_px=min_face_px,
                    )
        return [found[index] for index in range(len(photos))]

    def _answers(self, photos: Sequence[Pixels]) -> list[tuple[Any, Any, Any]]:
        """Boxes, scores and landmarks of each photo, or Nones where no face is."""
        return list(zip(*self._mtcnn.detect(np.stack(photos), landmarks=True), strict=True))


def _equal_sizes(photos: Sequence[Pixels], pixels: int) -> Iterator[list[int]]:
    """Indices of photos that can go together: one size, at most ``pixels`` in all."""
    by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, photo in enumerate(photos):
        by_size[photo.shape].append(index)
    for (height, width, _), indices in by_size.items():
        count = max(1, pixels // (height * width))
        for first in range(0, len(indices), count):
            yield indices[first : first + count]


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
