"""A saved file beside a job: photos, then faces, then the order of the expressions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from hfer._boxes import pair_boxes
from hfer.comparison.entries import SavedFace, SavedFile
from hfer.comparison.photos import pair_photos
from hfer.comparison.ranks import kendall, spearman
from hfer.models import Box, Face, PhotoResult

# Two detectors frame one face differently; boxes of two faces that do not hide each other share
# less.
DEFAULT_IOU = 0.4


@dataclass(frozen=True, slots=True)
class FacePair:
    """One face, seen by both.

    Attributes:
        filename: of the photo, as the job has it.
        item_id: of the photo.
        face_index: of the face in the job.
        saved_face: its number in the saved file's list of the photo, from 0.
        iou: how far the two boxes overlap, above 0 up to 1.
        ours: probabilities, 0..1, of the expressions that both know.
        theirs: scores of the same by our names; only their order counts.
        top: our first answer of all seven.
        their_top: their own name of what they scored highest; it may have no equal.
    """

    filename: str
    item_id: str
    face_index: int
    saved_face: int
    iou: float
    ours: Mapping[str, float]
    theirs: Mapping[str, float]
    top: str
    their_top: str | None

    @property
    def first(self) -> str | None:
        """Our first answer among the expressions that both know."""
        return _first(self.ours)

    @property
    def their_first(self) -> str | None:
        """Their first answer among the expressions that both know."""
        return _first(self.theirs)

    @property
    def agrees(self) -> bool | None:
        """Whether the two first answers are one; None where they share no expressions."""
        return self.first == self.their_first if self.ours else None

    @property
    def spearman(self) -> float | None:
        """Rho over the expressions that both know, -1..1; None where there is no order."""
        return spearman([*self.ours.values()], [*self.theirs.values()])

    @property
    def kendall(self) -> float | None:
        """Tau-b over the expressions that both know, -1..1; None where there is no order."""
        return kendall([*self.ours.values()], [*self.theirs.values()])


@dataclass(frozen=True, slots=True)
class LoneFace:
    """A face that only one side has, in a photo that both have; ``side`` is job or file."""

    side: str
    filename: str
    face: int
    box: Box
    top: str | None


@dataclass(frozen=True, slots=True)
class LonePhoto:
    """A photo that only one side has, or that cannot be compared; ``side`` is job or file."""

    side: str
    filename: str
    reason: str


@dataclass(frozen=True)
class Comparison:
    """What came of it. Means are over the faces for which there is a figure, None without any.

    Attributes:
        service: whose predictions: hume or rekognition.
        iou: the least overlap of a pair.
        expressions: those that have an equal, by our names.
        photos: that both have.
        pairs: faces that both have.
        lone_faces: faces of those photos that one has.
        lone_photos: photos that one has.
    """

    service: str
    iou: float
    expressions: tuple[str, ...]
    photos: int
    pairs: tuple[FacePair, ...]
    lone_faces: tuple[LoneFace, ...]
    lone_photos: tuple[LonePhoto, ...]

    @cached_property
    def ranked(self) -> int:
        """Faces of which both tell expressions that both know."""
        return sum(pair.agrees is not None for pair in self.pairs)

    @cached_property
    def agreed(self) -> int:
        """Faces whose first answers, among the expressions that both know, are one."""
        return sum(pair.agrees is True for pair in self.pairs)

    @property
    def agreement(self) -> float | None:
        """``agreed`` over ``ranked``."""
        return self.agreed / self.ranked if self.ranked else None

    @cached_property
    def mean_spearman(self) -> float | None:
        """Mean of the faces' rho."""
        return _mean(pair.spearman for pair in self.pairs)

    @cached_property
    def mean_kendall(self) -> float | None:
        """Mean of the faces' tau-b."""
        return _mean(pair.kendall for pair in self.pairs)

    @cached_property
    def confusion(self) -> Counter[tuple[str, str]]:
        """How many faces have this first answer of theirs and this one of ours."""
        firsts = ((pair.their_first, pair.first) for pair in self.pairs)
        return Counter((theirs, ours) for theirs, ours in firsts if theirs and ours)

    def across_faces(self, expression: str) -> float | None:
        """Return Spearman's rho of one expression over all faces that both tell it of."""
        told = [
            (p.ours[expression], p.theirs[expression]) for p in self.pairs if expression in p.ours
        ]
        return spearman([ours for ours, _ in told], [theirs for _, theirs in told])


def compare(
    saved: SavedFile,
    results: Iterable[PhotoResult],
    *,
    iou: float = DEFAULT_IOU,
    sha256_of_md5: Mapping[str, str] | None = None,
) -> Comparison:
    """Set saved predictions beside the results of a job.

    Args:
        saved: of `read_saved`.
        results: of a job.
        iou: least overlap of two boxes that are of one face, above 0 up to 1. Faces are paired
            one to one, those that overlap most first.
        sha256_of_md5: of your own photos, to know them by their bytes where the file tells MD5.
    """
    photos = list(results)
    paired, reasons = pair_photos(saved.photos, photos, sha256_of_md5 or {})
    pairs: list[FacePair] = []
    lone_faces: list[LoneFace] = []
    lone_photos = [
        LonePhoto("file", saved.photos[at].name, reason) for at, reason in sorted(reasons.items())
    ]
    compared = 0
    for at, place in sorted(paired.items(), key=lambda pair: pair[1]):
        photo = photos[place]
        if photo.image is None:
            lone_photos.append(LonePhoto("file", photo.filename, f"the job has {_state(photo)}"))
            continue
        compared += 1
        _compare_faces(photo, saved.photos[at].faces, iou, pairs, lone_faces)
    named = set(paired.values())
    lone_photos += [
        LonePhoto("job", photo.filename, "not in the file")
        for at, photo in enumerate(photos)
        if at not in named
    ]
    return Comparison(
        saved.service,
        iou,
        saved.expressions,
        compared,
        tuple(pairs),
        tuple(lone_faces),
        tuple(lone_photos),
    )


def _compare_faces(
    photo: PhotoResult,
    theirs: Sequence[SavedFace],
    threshold: float,
    pairs: list[FacePair],
    lone: list[LoneFace],
) -> None:
    boxes = [_in_pixels(face, photo) for face in theirs]
    overlapping = pair_boxes([face.box for face in photo.faces], boxes, threshold=threshold)
    for ours, other, overlap in overlapping:
        pairs.append(_pair(photo, photo.faces[ours], theirs[other], overlap))
    mine = {ours for ours, _, _ in overlapping}
    other_side = {other for _, other, _ in overlapping}
    lone += [
        LoneFace("job", photo.filename, face.face_index, face.box, face.expression.label)
        for at, face in enumerate(photo.faces)
        if at not in mine
    ]
    lone += [
        LoneFace("file", photo.filename, face.number, box, face.top)
        for at, (face, box) in enumerate(zip(theirs, boxes, strict=True))
        if at not in other_side
    ]


def _pair(photo: PhotoResult, face: Face, saved: SavedFace, overlap: float) -> FacePair:
    shared = [name for name in face.emotions if name in saved.scores]
    return FacePair(
        filename=photo.filename,
        item_id=photo.item_id,
        face_index=face.face_index,
        saved_face=saved.number,
        iou=overlap,
        ours={name: face.emotions[name] for name in shared},
        theirs={name: saved.scores[name] for name in shared},
        top=face.expression.label,
        their_top=saved.top,
    )


def _in_pixels(face: SavedFace, photo: PhotoResult) -> Box:
    if not face.relative or photo.image is None:
        return face.box
    width, height = photo.image.width, photo.image.height
    box = face.box
    return Box(box.x * width, box.y * height, box.w * width, box.h * height)


def _state(photo: PhotoResult) -> str:
    return f"no result of it ({photo.error.code if photo.error else photo.status})"


def _first(scores: Mapping[str, float]) -> str | None:
    return max(scores, key=lambda name: scores[name]) if scores else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
