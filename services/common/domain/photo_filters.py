"""Which photos or faces of a job are wanted, and in which order: what every listing understands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.common.domain.emotions import Emotion
from services.common.domain.faces import FaceWarning, PhotoWarning
from services.common.domain.jobs import ItemStatus
from services.common.domain.reviews import Answer


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """What one face must show; None asks for nothing.

    Attributes:
        expression: its first answer.
        min_p: lowest probability of the first answer, 0..1.
        max_p: highest probability of the first answer, 0..1.
        uncertain: whether the first answer is below the model's abstention threshold.
        warning: what limits its answer.
        min_side: shortest longer side of its box, in pixels of the analysed picture.
        max_side: longest longer side of its box, likewise.
        reviewed: whether a reviewer has a vote on it.
        answer: a reviewer's vote.
        differs: whether a vote is another than the first answer; *cannot tell* says nothing.
    """

    expression: Emotion | None = None
    min_p: float | None = None
    max_p: float | None = None
    uncertain: bool | None = None
    warning: FaceWarning | None = None
    min_side: float | None = None
    max_side: float | None = None
    reviewed: bool | None = None
    answer: Answer | None = None
    differs: bool | None = None

    @property
    def asks(self) -> bool:
        """Whether anything is asked for."""
        return self != FaceFilter()


@dataclass(frozen=True, slots=True)
class Selection:
    """Photos and faces that somebody chose one by one, by their numbers in the job.

    Attributes:
        photos: first and last of each run of whole photos.
        faces: by photo, those of its faces that were chosen alone.
    """

    photos: tuple[tuple[int, int], ...] = ()
    faces: Mapping[int, frozenset[int]] = field(default_factory=dict)

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """First and last of each run of photos of which anything is chosen."""
        return (*self.photos, *((photo, photo) for photo in self.faces))


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """What a photo must be; None asks for nothing.

    Attributes:
        status: its status.
        folder: the folder that it lies in, or one above that.
        name: what its name contains, whatever the case.
        min_faces: fewest faces in it.
        warning: what was mended so that it could be read.
        faces: what one and the same face in it must show.
        only: those chosen one by one.
    """

    status: ItemStatus | None = None
    folder: str | None = None
    name: str | None = None
    min_faces: int | None = None
    warning: PhotoWarning | None = None
    faces: FaceFilter = field(default_factory=FaceFilter)
    only: Selection | None = None


ALL_PHOTOS = PhotoFilter()


class Sort(StrEnum):
    """Orders of photos and faces; what is equal stands in the order sent.

    A photo stands where the first of its faces that fit would: the least sure one, the smallest
    lead, the rarest expression. Photos without such a face come last.

    Attributes:
        SENT: the order sent; faces of a photo by size.
        UNCERTAIN: lowest probability of the first answer first.
        MARGIN: smallest lead of the first answer first.
        CONFIDENCE: highest probability of the first answer first.
        FACES: photos with most faces first.
        NAME: by name, in the order of code points.
        CAPTURED: earliest first, those without a time last.
        RARE: the job's rarest expression first, of each the surest first.
        SIZE: largest face first.
        DISAGREEMENT: those on which a reviewer and the model differ first, the least sure first.
    """

    SENT = "sent"
    UNCERTAIN = "uncertain"
    MARGIN = "margin"
    CONFIDENCE = "confidence"
    FACES = "faces"
    NAME = "name"
    CAPTURED = "captured"
    RARE = "rare"
    SIZE = "size"
    DISAGREEMENT = "disagreement"
