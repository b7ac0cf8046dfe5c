"""Faces as the product speaks of them: boxes and landmarks in upright original pixels.

"Upright original" means the photo after its EXIF orientation is applied and before any
resize: the one coordinate system that users can draw in (face_recognition#381, IBM MAX#18).
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Landmark(StrEnum):
    """Five points, in the order of MTCNN's output.

    Left and right are the viewer's once the face is turned upright: in a photo that stands on
    its head the left eye lies to the right.
    """

    LEFT_EYE = "left_eye"
    RIGHT_EYE = "right_eye"
    NOSE = "nose"
    MOUTH_LEFT = "mouth_left"
    MOUTH_RIGHT = "mouth_right"


LANDMARKS: tuple[Landmark, ...] = tuple(Landmark)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle: top left corner and size, in pixels, as floats."""

    x: float
    y: float
    w: float
    h: float

    @classmethod
    def from_corners(cls, x1: float, y1: float, x2: float, y2: float) -> "Box":
        """Build a box from its corners, right and bottom exclusive."""
        return cls(x1, y1, x2 - x1, y2 - y1)

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """``(x1, y1, x2, y2)``, right and bottom exclusive."""
        return self.x, self.y, self.x + self.w, self.y + self.h

    @property
    def side(self) -> float:
        """The longer side, the yardstick of landmark errors and of ``min_face_px``."""
        return max(self.w, self.h)

    def clipped(self, width: int, height: int) -> "Box":
        """Return the part of the box inside a ``width`` x ``height`` photo (maybe empty)."""
        x1, y1, x2, y2 = self.corners
        left, top = min(max(x1, 0.0), width), min(max(y1, 0.0), height)
        right, bottom = min(max(x2, left), width), min(max(y2, top), height)
        return Box.from_corners(left, top, right, bottom)

    def iou(self, other: "Box") -> float:
        """Intersection over union in 0..1; 0 for two empty boxes."""
        ax1, ay1, ax2, ay2 = self.corners
        bx1, by1, bx2, by2 = other.corners
        overlap = max(0.0, min(ax2, bx2) - max(ax1, bx1)) * max(0.0, min(ay2, by2) - max(ay1, by1))
        union = self.w * self.h + other.w * other.h - overlap
        # Rounding: a box thinner than the spacing of floats at its place may overlap too much.
        return min(1.0, overlap / union) if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One detection: clipped box, five points ordered as ``LANDMARKS``, confidence in 0..1.

    ``roll`` is how far the head is turned in the picture's plane, in degrees, clockwise positive,
    above -180 up to 180; None where the detector does not know. ``upright`` is the box in the
    face's own upright frame, that of the picture turned back by ``roll`` about this box's centre;
    None where it is ``box``. Of a head at 45 degrees the sides of ``box`` say nothing of the face's
    height, from which the crop is made.
    """

    box: Box
    landmarks: tuple[Point, ...]
    confidence: float
    roll: float | None = None
    upright: Box | None = None


@dataclass(frozen=True, slots=True)
class AnalysedFace:
    """A detected face with its expression.

    ``face_index`` counts from 0, largest face first, and is the number drawn on the
    annotated photo. ``probabilities`` has seven values in 0..1 ordered as ``EMOTIONS``, sum 1.
    ``margin`` is the lead of the first over the second; ``uncertain`` says that the top
    probability is below the bundle's abstention threshold.
    """

    face_index: int
    box: Box
    landmarks: tuple[Point, ...]
    confidence: float
    probabilities: tuple[float, ...]
    margin: float
    uncertain: bool
    blur: float
    roll: float | None = None


class PhotoWarning(StrEnum):
    """What was mended so that a photo could be read. Stable: users' programs switch on it.

    Attributes:
        END_MISSING: the file ends early, behind all that a viewer shows.
        SIDE_CHUNK_SKIPPED: a text or colour profile beside the pixels is damaged or over 1 MiB.
        EMPTY_ALPHA_IGNORED: the alpha channel is zero everywhere and was taken as unused.
        SAMPLE_RANGE_GUESSED: 16-bit gray uses at most 12 bits and no tag says what white is.
    """

    END_MISSING = "end_missing"
    SIDE_CHUNK_SKIPPED = "side_chunk_skipped"
    EMPTY_ALPHA_IGNORED = "empty_alpha_ignored"
    SAMPLE_RANGE_GUESSED = "sample_range_guessed"


# A crop smaller than this is enlarged before it is classified: fewer pixels than FER2013 has.
SMALL_FACE_PX = 48.0


class FaceWarning(StrEnum):
    """What limits the answer of a face. Stable: users' programs switch on it.

    Attributes:
        SMALL_FACE: the longer side of its box is below ``SMALL_FACE_PX``.
        CUT_OFF: its box touches the photo's edge.
    """

    SMALL_FACE = "small_face"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class PhotoAnalysis:
    """What one photo showed. Size and coordinates are of the upright original, in pixels.

    ``exif_orientation`` is the tag's value 1..8 as found (1 when absent). An empty ``faces``
    is a result, not an error. ``faces_truncated`` says that the per-photo cap cut faces off.
    ``precision`` and ``detector`` name what answered; None in analyses of before they were noted.
    ``captured_at`` is EXIF's time of the exposure in ISO 8601, with an offset only where the
    camera wrote one; None where it wrote none. ``warnings`` say what was mended in the file.
    ``original`` is the size of the picture that the client shrank this photo from, upright, in
    pixels; None for one that was sent as it was. Size and coordinates here are of what was sent.
    ``tiles`` are its thumbnail and crops as `services.imaging.tiles` packs them, where they were
    drawn on the way; they are no part of the result.
    """

    width: int
    height: int
    exif_orientation: int
    faces: tuple[AnalysedFace, ...] = ()
    faces_truncated: bool = False
    precision: str | None = None
    detector: str | None = None
    captured_at: str | None = None
    warnings: tuple[PhotoWarning, ...] = ()
    original: tuple[int, int] | None = None
    tiles: bytes = field(default=b"", compare=False, repr=False)


class FaceSearch(StrEnum):
    """Where the faces of a photo are: to be found, or each photo is one, cut out already."""

    DETECT = "detect"
    WHOLE = "whole"


class DetectorName(StrEnum):
    """Detectors as results name them, and as a job may ask for one."""

    OPENVINO = "openvino"
    FACENET = "facenet"
    RETINAFACE = "retinaface"


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What a job may choose. Defaults are served at ``GET /v1/limits``.

    Attributes:
        top_n: how many expressions ``top`` lists per face, 1..7.
        min_face_px: faces whose longer side is below this many pixels are left out, 20..2000.
        detection_threshold: lowest detection confidence kept, 0.5..1.
        annotated: render the annotated photo while analysing instead of on first request.
        faces: whether faces are looked for, or each photo is one face as a whole.
        detector: the detector to use; None for the deployment's.
        keep_for_training: whether faces that are reviewed may outlive the photos, to train on.
    """

    top_n: int = 3
    min_face_px: int = 20
    detection_threshold: float = 0.9
    annotated: bool = False
    faces: FaceSearch = FaceSearch.DETECT
    detector: DetectorName | None = None
    keep_for_training: bool = False
