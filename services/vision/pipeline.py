"""Photos in, analysed faces out: decode, detect, crop, classify all faces at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import (
    AnalysedFace,
    AnalysisOptions,
    Box,
    DetectedFace,
    FaceSearch,
    PhotoAnalysis,
    PhotoWarning,
)
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import DecodedPhoto, decode_photo
from services.imaging.tiles import draw_tiles
from services.vision.bundle import Bundle, load_bundle
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.detectors.port import FaceDetector
from services.vision.engines import DetectorKind
from services.vision.stages import stage
from services.vision.tiles import shrink_by_samples
from services.vision.transforms import InputSpec, Pixels, crop_detected
from services.vision.verified import is_memory_trouble, verified, warm_up

# What results name in place of a detector where each photo was one face as a whole.
NO_DETECTOR = "none"

# Decoded photos that ``analyse`` collects before it looks for faces: 48 MB, and less than that
# beside one photo of the largest size (192 MB for 64 Mpx).
_PIXELS_IN_MEMORY = 16_000_000


@dataclass(frozen=True, slots=True)
class _Found:
    """The faces of one photo, largest first, with a crop for each; its pixels are let go."""

    width: int
    height: int
    exif_orientation: int
    captured_at: str | None
    warnings: tuple[PhotoWarning, ...]
    detector: str
    faces: tuple[DetectedFace, ...]
    crops: tuple[Pixels, ...]
    faces_truncated: bool
    original: tuple[int, int] | None
    tiles: bytes


class Pipeline:
    """Analyses photos as the worker asks for it. Not for several threads at once."""

    def __init__(
        self,
        detector: FaceDetector,
        classifier: ExpressionClassifier,
        bundle: Bundle,
        *,
        limits: PhotoLimits,
        detector_kind: DetectorKind,
        load: Callable[[Bundle], ExpressionClassifier],
        tiles: bool = False,
    ) -> None:
        """Join the engines; ``build_pipeline`` makes and verifies them.

        Args:
            detector: finds the faces.
            classifier: of the bundle.
            bundle: verified.
            limits: of photos and faces.
            detector_kind: of the detector, for the results.
            load: makes the classifier of another bundle, for ``with_bundle``.
            tiles: whether to draw the tiles of photos while their pixels are there.
        """
        self._detector = detector
        self._classifier = classifier
        self._bundle = bundle
        self._limits = limits
        self._detector_kind = detector_kind
        self._load = load
        self._tiles = tiles

    @property
    def model_version(self) -> str:
        """The version that results carry, such as ``starter-0.1.0+1a2b3c4d``."""
        return self._bundle.version

    @property
    def precision(self) -> Precision:
        """The arithmetic of the classifier, whatever AUTO stood for."""
        return self._classifier.precision

    @property
    def detector(self) -> str:
        """Name of the detector, whatever AUTO stood for."""
        return self._detector_kind.value

    def warm_up(self) -> None:
        """Run every network once, so that the first photo is as fast as the others."""
        photo = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        self._detector.detect([photo])
        warm_up(self._classifier, self._bundle)

    def with_bundle(self, directory: Path) -> Self:
        """See ``PhotoAnalyser.with_bundle``, the worker's port."""
        bundle = load_bundle(directory)
        return type(self)(
            self._detector,
            verified(bundle, self._load),
            bundle,
            limits=self._limits,
            detector_kind=self._detector_kind,
            load=self._load,
            tiles=self._tiles,
        )

    def _decode(self, data: bytes) -> DecodedPhoto | ItemError:
        """Decode one photo; a photo at fault is returned as its error, not raised."""
        try:
            with stage("decode"):
                return decode_photo(data, limits=self._limits)
        except ItemError as error:
            return error
        except MemoryError:
            detail = "The photo needs more memory than the worker has; send it smaller."
            return ItemError(ItemErrorCode.OUT_OF_MEMORY, detail)

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        """Decode and analyse a chunk; each photo has its result or its own error.

        Only a few decoded photos are in memory at a time, however many the chunk has; crops
        are kept, so that all faces still go through the classifier together.

        Raises:
            TransientError: the device is out of memory; fewer photos may fit.
        """
        errors: dict[int, ItemError] = {}
        with _memory_trouble_is_transient():
            found: list[_Found] = []
            waiting: list[DecodedPhoto] = []
            for index, data in enumerate(photos):
                error = self._decode_into(waiting, data)
                if error:
                    errors[index] = error
                if sum(photo.width * photo.height for photo in waiting) >= _PIXELS_IN_MEMORY:
                    found += self._find(waiting, options)
                    waiting.clear()
            if waiting:
                found += self._find(waiting, options)
            analyses = iter(self._classified(found))
        return [errors.get(index) or next(analyses) for index in range(len(photos))]

    def _decode_into(self, waiting: list[DecodedPhoto], data: bytes) -> ItemError | None:
        """Decode without leaving a second reference that would outlive ``waiting.clear()``."""
        decoded = self._decode(data)
        if isinstance(decoded, ItemError):
            return decoded
        waiting.append(decoded)
        return None

    def _find(self, photos: Sequence[DecodedPhoto], options: AnalysisOptions) -> list[_Found]:
        spec = self._bundle.manifest.input
        if options.faces == FaceSearch.WHOLE:
            return [
                self._cropped(photo, [_whole(photo)], spec=spec.whole, detector=NO_DETECTOR)
                for photo in photos
            ]
        with stage("detect"):
            detections = self._detector.detect(
                [photo.rgb for photo in photos],
                threshold=options.detection_threshold,
                min_face_px=max(options.min_face_px, self._limits.min_face_px),
            )
        return [
            self._cropped(photo, faces, spec=spec, detector=self.detector)
            for photo, faces in zip(photos, detections, strict=True)
        ]

    def _cropped(
        self, photo: DecodedPhoto, detected: list[DetectedFace], *, spec: InputSpec, detector: str
    ) -> _Found:
        largest_first = sorted(detected, key=_by_size)
        faces = tuple(largest_first[: self._limits.faces_per_photo])
        return _Found(
            width=photo.width,
            height=photo.height,
            exif_orientation=photo.exif_orientation,
            captured_at=photo.captured_at,
            warnings=photo.warnings,
            detector=detector,
            faces=faces,
            crops=tuple(crop_detected(photo.rgb, face, spec) for face in faces),
            faces_truncated=len(largest_first) > len(faces),
            original=photo.original,
            tiles=self._drawn(photo, faces),
        )

    def _drawn(self, photo: DecodedPhoto, faces: Sequence[DetectedFace]) -> bytes:
        if not self._tiles:
            return b""
        boxes = [(face.box.x, face.box.y, face.box.w, face.box.h) for face in faces]
        with stage("tiles"):
            return draw_tiles(photo.rgb, boxes, shrink=shrink_by_samples)

    def _classified(self, found: Sequence[_Found]) -> list[PhotoAnalysis]:
        spec = self._bundle.manifest.input
        crops = [crop for photo in found for crop in photo.crops]
        stacked = np.stack(crops) if crops else np.empty((0, *spec.shape), np.uint8)
        with stage("classify"):
            rows = iter(self._classifier.classify(stacked))
        return [
            PhotoAnalysis(
                width=photo.width,
                height=photo.height,
                exif_orientation=photo.exif_orientation,
                faces=tuple(
                    self._analysed(index, face, crop, next(rows))
                    for index, (face, crop) in enumerate(zip(photo.faces, photo.crops, strict=True))
                ),
                faces_truncated=photo.faces_truncated,
                precision=self._classifier.precision.value,
                detector=photo.detector,
                captured_at=photo.captured_at,
                warnings=photo.warnings,
                original=photo.original,
                tiles=photo.tiles,
            )
            for photo in found
        ]

    def _analysed(
        self, index: int, face: DetectedFace, crop: Pixels, row: NDArray[np.float64]
    ) -> AnalysedFace:
        probabilities = tuple(row.tolist())
        first, second = sorted(probabilities, reverse=True)[:2]
        return AnalysedFace(
            face_index=index,
            box=face.box,
            landmarks=face.landmarks,
            confidence=face.confidence,
            probabilities=probabilities,
            margin=first - second,
            uncertain=first < self._bundle.manifest.abstention_threshold,
            blur=sharpness(crop),
            roll=face.roll,
        )


def sharpness(crop: Pixels) -> float:
    """Variance of the Laplacian of a crop; low means blurred (Pech-Pacheco et al., 2000).

    Measured at the classifier's scale, so that an enlarged tiny face counts as blurred.
    """
    is_gray = crop.shape[-1] == 1
    gray = crop[..., 0] if is_gray else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(np.ascontiguousarray(gray), cv2.CV_64F).var())


def _whole(photo: DecodedPhoto) -> DetectedFace:
    """Return the whole picture as one face, cut out already, as data sets of faces hold them.

    Its crop is the picture itself, made square about its centre if it is not, without the margin
    that a bundle adds to a detected box: so the trainer reads such pictures too. Nothing is known
    of landmarks and roll.
    """
    return DetectedFace(Box(0, 0, photo.width, photo.height), landmarks=(), confidence=1.0)


def _by_size(face: DetectedFace) -> tuple[float, float, float]:
    return -face.box.w * face.box.h, face.box.y, face.box.x


@contextmanager
def _memory_trouble_is_transient() -> Iterator[None]:
    """Raise a ``TransientError`` where memory ran out."""
    try:
        yield
    except MemoryError as error:
        raise TransientError("The worker is out of memory; fewer photos may fit.") from error
    except RuntimeError as error:
        if not is_memory_trouble(error):
            raise
        raise TransientError("The device is out of memory; fewer photos may fit.") from error
