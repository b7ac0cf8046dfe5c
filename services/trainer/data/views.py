"""The second view of each image: cut around our detector's box, as serving would crop it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import DetectedFace
from services.trainer.config import DataConfig
from services.trainer.data.framing import cut_as_served, find_faces, known_face, measure_framing
from services.trainer.data.known import DataFacts, framed, stated
from services.trainer.data.layouts import KnownBox
from services.vision.detectors.port import FaceDetector
from services.vision.engines import DEFAULT_DETECTOR, detector_folders, load_detector
from services.vision.transforms import InputSpec

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int], None]

_MTCNN = Path(__file__).parents[3] / "models" / "mtcnn"
# The median margin of 600 faces moves by 0.01 from draw to draw: half a pixel of 48.
_SAMPLE = 600
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Views:
    """``facts`` with the framing measured; ``served`` uint8 ``[N, S, S, C]`` where ``found`` says.

    Where no face is found, ``served`` holds the whole image, scaled. None: the recipe has no use
    for it.
    """

    facts: DataFacts
    served: Pixels | None
    found: Mask


def our_detector() -> FaceDetector:
    """Load the product's detector for one core: torch and TensorFlow must not share a process."""
    return load_detector(DEFAULT_DETECTOR, _MTCNN, cuda=False, threads=1)


def detector_identity() -> dict[str, str]:
    """Name `our_detector` as results name it, with the SHA-256 of its networks' manifests.

    It is that of the manifests one after the other, in the order of `detector_folders`. A manifest
    holds the SHA-256 of each network, so it stands for all of them.
    """
    manifests = [folder / "manifest.json" for folder in detector_folders(DEFAULT_DETECTOR, _MTCNN)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in manifests)).hexdigest()
    return {"name": DEFAULT_DETECTOR.value, "sha256": digest}


def look_as_served(
    images: Pixels,
    *,
    train: Mask,
    facts: DataFacts,
    config: DataConfig,
    spec: InputSpec,
    known: Sequence[KnownBox | None] | None = None,
    detector: FaceDetector | None = None,
    progress: Progress | None = None,
) -> Views:
    """Measure the framing on training images, and cut every image as served if the recipe asks.

    Args:
        images: uint8 ``[N, F, F, C]``, F at least the side of the crops.
        train: which of them are trained on, ``[N]``.
        facts: of the data set.
        config: a framing that it states is taken as it is.
        spec: of the classifier, but for its framing.
        known: where the face of each image is, ``[N]``; those without are looked for, as are all
            where it is None.
        detector: ``our_detector`` when None.
        progress: called with (done, total) images now and then.
    """
    nowhere = np.zeros(len(images), dtype=bool)
    wanted = config.served_share or config.framing == "served"
    if config.framing_given and not wanted:
        return Views(stated(facts, config), None, nowhere)
    chosen = np.arange(len(images)) if wanted else _sample(train)
    boxes = [None if known is None else known[index] for index in chosen]
    faces = _faces(images[chosen], boxes, detector=detector, progress=progress)
    of_train = [face for index, face in zip(chosen, faces, strict=True) if train[index]]
    there = any(face is not None for face in of_train)
    framing = measure_framing(of_train, side=images.shape[1]) if there else None
    facts = stated(framed(facts, framing), config)
    if not wanted:
        return Views(facts, None, nowhere)
    spec = spec.model_copy(
        update={name: getattr(facts, name) for name in ("crop_margin", "centre_dx", "centre_dy")}
    )
    found = np.array([face is not None for face in faces], dtype=bool)
    return Views(facts, cut_as_served(images, faces, spec), found)


def _faces(
    images: Pixels,
    boxes: Sequence[KnownBox | None],
    *,
    detector: FaceDetector | None,
    progress: Progress | None,
) -> list[DetectedFace | None]:
    """Return the face of each image: where it is known to be, or else where it is found."""
    side = images.shape[1]
    faces = [None if box is None else known_face(box, side=side) for box in boxes]
    unknown = [index for index, face in enumerate(faces) if face is None]
    if unknown:
        detectors = [detector] if detector else [our_detector() for _ in range(_SIDE_BY_SIDE)]
        found = find_faces(images[unknown], detectors=detectors, progress=progress)
        for index, face in zip(unknown, found, strict=True):
            faces[index] = face
    return faces


def _sample(train: Mask) -> NDArray[np.int64]:
    members = np.flatnonzero(train)
    return np.sort(np.random.default_rng(0).permutation(members)[:_SAMPLE])
