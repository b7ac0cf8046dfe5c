"""What two jobs over the same photos answer differently, face by face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.common.domain.emotions import EMOTIONS
from services.common.jobs.repositories.diffs import PhotoPair, SeenFace

# Two detectors frame one face differently; boxes of two faces that do not hide each other share
# less. The client's comparisons with other services say the same.
LEAST_IOU = 0.4


@dataclass(frozen=True, slots=True)
class FacePair:
    """One face of a photo as both jobs have it; None on the side that has not found it."""

    photo: PhotoPair
    face: SeenFace | None
    other: SeenFace | None
    iou: float | None = None

    @property
    def changed(self) -> bool:
        """Whether the first answers differ, or one side has none."""
        if self.face is None or self.other is None:
            return True
        return first(self.face) != first(self.other)


@dataclass(slots=True)
class DiffTotals:
    """Sums over all photos that both jobs have.

    Attributes:
        photos: of the same bytes in both.
        unanswered: of them, those without a result on one side; their faces are not counted.
        faces: that both found.
        changed: of them, those of another first answer.
        lost: faces that only the first job found.
        gained: faces that only the second found.
        moved: sum, over the faces of both, of how far the probabilities are apart (total
            variation, 0..1).
        confusion: faces of both by first answers: rows the first job's, columns the second's, in
            the order of ``EMOTIONS``.
    """

    photos: int = 0
    unanswered: int = 0
    faces: int = 0
    changed: int = 0
    lost: int = 0
    gained: int = 0
    moved: float = 0.0
    confusion: list[list[int]] = field(
        default_factory=lambda: [[0] * len(EMOTIONS) for _ in EMOTIONS]
    )

    def add(self, photo: PhotoPair, faces: Sequence[FacePair]) -> None:
        """Count a photo, whose faces are ``faces``."""
        self.photos += 1
        self.unanswered += not photo.answered
        for pair in faces:
            if pair.face is None:
                self.gained += 1
            elif pair.other is None:
                self.lost += 1
            else:
                self.faces += 1
                self.changed += pair.changed
                self.moved += _apart(pair.face, pair.other)
                self.confusion[first(pair.face)][first(pair.other)] += 1


def pair_faces(photo: PhotoPair) -> list[FacePair]:
    """Pair the faces of a photo one to one, those that overlap most first; then the lone ones.

    Nothing is paired in a photo that has no result on one side.
    """
    if not photo.answered:
        return []
    candidates = sorted(
        (-overlap, face.index, other.index)
        for face in photo.faces
        for other in photo.other_faces
        if (overlap := face.box.iou(other.box)) >= LEAST_IOU
    )
    taken: dict[int, tuple[int, float]] = {}
    given: set[int] = set()
    for overlap, index, other_index in candidates:
        if index not in taken and other_index not in given:
            taken[index] = other_index, -overlap
            given.add(other_index)
    return [*_of_ours(photo, taken), *_of_theirs(photo, given)]


def first(face: SeenFace) -> int:
    """Return the place of the largest probability in ``EMOTIONS``."""
    return max(range(len(face.probabilities)), key=face.probabilities.__getitem__)


def _of_ours(photo: PhotoPair, taken: dict[int, tuple[int, float]]) -> Iterator[FacePair]:
    for face in photo.faces:
        if face.index in taken:
            other, overlap = taken[face.index]
            yield FacePair(photo, face, photo.other_faces[other], overlap)
        else:
            yield FacePair(photo, face, None)


def _of_theirs(photo: PhotoPair, given: set[int]) -> Iterator[FacePair]:
    for other in photo.other_faces:
        if other.index not in given:
            yield FacePair(photo, None, other)


def _apart(face: SeenFace, other: SeenFace) -> float:
    pairs = zip(face.probabilities, other.probabilities, strict=True)
    return sum(abs(one - two) for one, two in pairs) / 2
