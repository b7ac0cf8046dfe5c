"""What two jobs over the same photos answer differently, face by face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.jobs.repositories.diffs import Outline, PhotoPair, SeenFace

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


class FoundIn(StrEnum):
    """Which of two jobs found a face."""

    BOTH = "both"
    THIS = "this"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DiffFilter:
    """Which of the changed faces are wanted; None asks for nothing.

    Attributes:
        found: by which of the jobs.
        expression: the first job's first answer.
        other_expression: the second's.
    """

    found: FoundIn | None = None
    expression: Emotion | None = None
    other_expression: Emotion | None = None

    def takes(self, pair: FacePair) -> bool:
        """Whether a changed face is wanted."""
        found = _found_in(pair)
        return (
            self.found in (None, found)
            and _answers(pair.face, self.expression)
            and _answers(pair.other, self.other_expression)
        )

    @property
    def changes(self) -> list[tuple[int, int]]:
        """First answers in both jobs, as places in ``EMOTIONS``, of wanted faces of both."""
        if self.found not in (None, FoundIn.BOTH):
            return []
        return [
            (row, column)
            for row, ours in enumerate(EMOTIONS)
            for column, theirs in enumerate(EMOTIONS)
            if row != column
            and self.expression in (None, ours)
            and self.other_expression in (None, theirs)
        ]


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
        moved: sum, over ``measured`` faces of both, of how far the probabilities are apart (total
            variation, 0..1).
        measured: how many of them were compared so.
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
    measured: int = 0
    confusion: list[list[int]] = field(
        default_factory=lambda: [[0] * len(EMOTIONS) for _ in EMOTIONS]
    )

    @classmethod
    def of(cls, outline: Outline) -> "DiffTotals":
        """Begin with what the outline has counted: photos that are framed alike in both."""
        told = outline.confusion
        faces, same = sum(map(sum, told)), sum(told[place][place] for place in range(len(told)))
        return cls(
            photos=outline.photos,
            unanswered=outline.unanswered,
            faces=faces,
            changed=faces - same,
            confusion=[list(row) for row in told],
        )

    def add(self, photo: PhotoPair, faces: Sequence[FacePair], *, measure: bool = True) -> None:
        """Count the faces of a photo, unless the outline has; ``measure`` how far they moved."""
        for pair in faces:
            if measure and pair.face is not None and pair.other is not None:
                self.measured += 1
                self.moved += _apart(pair.face, pair.other)
            if not photo.alike:
                self._count(pair)

    def _count(self, pair: FacePair) -> None:
        if pair.face is None:
            self.gained += 1
        elif pair.other is None:
            self.lost += 1
        else:
            self.faces += 1
            self.changed += pair.changed
            self.confusion[first(pair.face)][first(pair.other)] += 1


def pair_faces(photo: PhotoPair) -> list[FacePair]:
    """Pair the faces of a photo one to one, those that overlap most first; then the lone ones."""
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


def _found_in(pair: FacePair) -> FoundIn:
    if pair.face is None:
        return FoundIn.OTHER
    return FoundIn.THIS if pair.other is None else FoundIn.BOTH


def _answers(face: SeenFace | None, wanted: Emotion | None) -> bool:
    return wanted is None or (face is not None and EMOTIONS[first(face)] is wanted)


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
