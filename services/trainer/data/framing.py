"""How a data set frames its faces, measured with our own detector, and frames cut as in serving.

A classifier learns the framing of its training images: eyes at this height, so much forehead.
Serving cuts crops around detected boxes instead, so the bundle must say how a box becomes such a
frame, and a box is never quite where the frame was: of FER2013's images (98 % with a face) the
margin is -0.06, its interquartile range 0.19. A network that knows the frames only gave its crop
around the box (MTCNN's) another label in 18 of 100 images. ``cut_as_served`` makes those crops, for
training on them as well (``data.served_share``).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.trainer.data.layouts import KnownBox
from services.vision.detectors.port import FaceDetector
from services.vision.transforms import InputSpec, crop_detected

Pixels = NDArray[np.uint8]
Faces = Sequence[DetectedFace | None]
Progress = Callable[[int, int], None]

# MTCNN found as many faces at 128 px as at 192 (87 %), at half the cost; in the bare 48 px frames
# it found 83 %, with boxes that end at the frame.
_SIDE = 128
_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Framing:
    """Medians over images with a detected face; fields as in ``vision.InputSpec``.

    ``spread`` is the interquartile range of the margin, ``found`` the share with a face.
    """

    crop_margin: float
    centre_dx: float
    centre_dy: float
    spread: float
    found: float


def on_canvas(image: Pixels) -> Pixels:
    """Return a square face image ``[S, S, C]`` as an RGB photo with room around the face.

    Small ones are enlarged, and the border is repeated outwards by half a side, as serving's crop
    does: a photo as a user would send it, in which boxes may reach over the frame.
    """
    frame, margin = _geometry(image.shape[0])
    large = cv2.resize(image, (frame, frame), interpolation=cv2.INTER_CUBIC)
    rgb = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB) if large.ndim == 2 else large
    padded = cv2.copyMakeBorder(rgb, *(margin,) * 4, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(padded, dtype=np.uint8)


def find_faces(
    images: Pixels, *, detectors: Sequence[FaceDetector], progress: Progress | None = None
) -> list[DetectedFace | None]:
    """Return the largest face in the canvas of each image uint8 ``[N, S, S, C]``, None for none.

    Args:
        images: square, one face each.
        detectors: the product's own, which work side by side: pictures are too small for several
            threads of one.
        progress: called with (done, total) now and then.
    """
    idle: SimpleQueue[FaceDetector] = SimpleQueue()
    for detector in detectors:
        idle.put(detector)

    def look(start: int) -> Sequence[Sequence[DetectedFace]]:
        detector = idle.get()
        try:
            photos = [on_canvas(image) for image in images[start : start + _CHUNK]]
            return detector.detect(photos)
        finally:
            idle.put(detector)

    found: list[DetectedFace | None] = []
    with ThreadPoolExecutor(max_workers=len(detectors)) as pool:
        for of_photos in pool.map(look, range(0, len(images), _CHUNK)):
            found += [max(faces, key=_area, default=None) for faces in of_photos]
            if progress is not None:
                progress(len(found), len(images))
    return found


def known_face(box: KnownBox, *, side: int) -> DetectedFace:
    """Return the face of an image of ``side`` pixels, as `find_faces` would on its canvas."""
    frame, margin = _geometry(side)
    longer = frame / (1 + box.margin)
    corner = margin + (frame - longer) / 2
    return DetectedFace(Box(corner, corner, longer, longer), (), 1.0, roll=box.roll)


def measure_framing(faces: Faces, *, side: int) -> Framing:
    """Measure how images of ``side`` pixels frame the faces that ``find_faces`` gave for them.

    Raises:
        ValueError: if no face was found in any of them.
    """
    rows = [_relation(face, side=side) for face in faces if face is not None]
    if not rows:
        raise ValueError("no face was found in these images, so their framing is unknown")
    margins, dx, dy = np.array(rows).T
    low, high = np.quantile(margins, [0.25, 0.75])
    return Framing(
        crop_margin=round(float(np.median(margins)), 3),
        centre_dx=round(float(np.median(dx)), 3),
        centre_dy=round(float(np.median(dy)), 3),
        spread=round(float(high - low), 3),
        found=round(len(rows) / len(faces), 3),
    )


def cut_as_served(images: Pixels, faces: Faces, spec: InputSpec) -> Pixels:
    """Return each image's canvas as serving would crop it, uint8 ``[N, size, size, C]``.

    Args:
        images: as given to ``find_faces``.
        faces: what it returned; an image without a face is scaled as a whole.
        spec: of the classifier.
    """
    served = np.empty((len(images), *spec.shape), dtype=np.uint8)
    for index, face in enumerate(faces):
        served[index] = (
            scaled(images[index], spec)
            if face is None
            else crop_detected(on_canvas(images[index]), face, spec)
        )
    return served


def scaled(image: Pixels, spec: InputSpec) -> Pixels:
    """Return a square image ``[F, F, C]``, F at least the size, as ``[size, size, C]``."""
    small = cv2.resize(image, (spec.size, spec.size), interpolation=cv2.INTER_AREA)
    return np.asarray(small.reshape(spec.shape), dtype=np.uint8)


def _geometry(side: int) -> tuple[int, int]:
    """Side of the enlarged frame and width of the border around it, in pixels."""
    frame = max(side, _SIDE)
    return frame, frame // 2


def _relation(face: DetectedFace, *, side: int) -> tuple[float, float, float]:
    """Margin and centre shift that turn the face's box into the original frame of the canvas."""
    box = face.upright or face.box
    frame, margin = _geometry(side)
    centre = margin + frame / 2
    return (
        frame / box.side - 1,
        (centre - (box.x + box.w / 2)) / box.side,
        (centre - (box.y + box.h / 2)) / box.side,
    )


def _area(face: DetectedFace) -> float:
    return face.box.w * face.box.h
