"""Which photos of a job are wanted: the same parameters for listing, counts and downloads."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from services.api.filenames import MAX_CHARS
from services.api.schemas import PLAIN_TEXT
from services.common.domain.emotions import Emotion
from services.common.domain.faces import FaceWarning, PhotoWarning
from services.common.domain.jobs import ItemStatus
from services.common.domain.photo_filters import FaceFilter, PhotoFilter, Selection
from services.common.domain.reviews import Answer

# A side of the largest picture that is decoded is shorter.
_LONGEST_SIDE = 1_000_000

# A request's head has room for it twice. The page asks for longer selections in pieces.
MOST_SELECTED_CHARS = 16_000
_PIECE = r"[0-9]{1,9}([.-][0-9]{1,9})?"
_SELECTION = rf"^{_PIECE}(,{_PIECE})*$"

_Kind = TypeVar("_Kind", FaceWarning, PhotoWarning)


class AnyWarning(StrEnum):
    """Warnings of faces, then those of photos."""

    SMALL_FACE = FaceWarning.SMALL_FACE
    CUT_OFF = FaceWarning.CUT_OFF
    END_MISSING = PhotoWarning.END_MISSING
    SIDE_CHUNK_SKIPPED = PhotoWarning.SIDE_CHUNK_SKIPPED
    EMPTY_ALPHA_IGNORED = PhotoWarning.EMPTY_ALPHA_IGNORED
    SAMPLE_RANGE_GUESSED = PhotoWarning.SAMPLE_RANGE_GUESSED


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """Photos that are as asked, and with one face that fits all that is asked of a face."""

    status: Annotated[ItemStatus | None, Query(description="only photos in this status")] = None
    expression: Annotated[
        Emotion | None, Query(description="only photos with a face of this first answer")
    ] = None
    min_p: Annotated[
        float | None, Query(ge=0, le=1, description="lowest probability of that answer")
    ] = None
    max_p: Annotated[
        float | None, Query(ge=0, le=1, description="highest probability of that answer")
    ] = None
    uncertain: Annotated[bool | None, Query(description="whether that answer is uncertain")] = None
    warning: Annotated[
        AnyWarning | None, Query(description="a warning of that face, or of the photo")
    ] = None
    min_side: Annotated[
        int | None,
        Query(ge=0, le=_LONGEST_SIDE, description="shortest longer side of the face's box, px"),
    ] = None
    max_side: Annotated[
        int | None,
        Query(ge=0, le=_LONGEST_SIDE, description="longest longer side of the face's box, px"),
    ] = None
    reviewed: Annotated[
        bool | None, Query(description="whether a reviewer has a vote on that face")
    ] = None
    answer: Annotated[Answer | None, Query(description="a reviewer's vote on that face")] = None
    differs: Annotated[
        bool | None,
        Query(description="whether a vote is another than the first answer; `cannot_tell` is none"),
    ] = None
    min_faces: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="fewest faces in the photo")
    ] = None
    folder: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_CHARS,
            pattern=PLAIN_TEXT,
            description="the folder that the photo lies in, or one above it",
        ),
    ] = None
    q: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_CHARS,
            pattern=PLAIN_TEXT,
            description="what the photo's name contains, whatever the case",
        ),
    ] = None

    only: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MOST_SELECTED_CHARS,
            pattern=_SELECTION,
            description="only these photos, by their `index`: `0-99,205`; `17.2` is face 2 of photo"
            " 17, and results leave out its other faces",
        ),
    ] = None

    @property
    def wanted(self) -> PhotoFilter:
        """What is asked for."""
        return PhotoFilter(
            status=self.status,
            folder=_as_stored(self.folder),
            name=_as_stored(self.q),
            min_faces=self.min_faces,
            warning=_one_of(PhotoWarning, self.warning),
            only=None if self.only is None else read_selection(self.only),
            faces=FaceFilter(
                expression=self.expression,
                min_p=self.min_p,
                max_p=self.max_p,
                uncertain=self.uncertain,
                warning=_one_of(FaceWarning, self.warning),
                min_side=self.min_side,
                max_side=self.max_side,
                reviewed=self.reviewed,
                answer=self.answer,
                differs=self.differs,
            ),
        )


def read_selection(text: str) -> Selection:
    """Read photos and faces as ``only`` names them."""
    photos: list[tuple[int, int]] = []
    faces: dict[int, frozenset[int]] = {}
    for piece in text.split(","):
        photo, point, face = piece.partition(".")
        if point:
            faces[int(photo)] = faces.get(int(photo), frozenset()) | {int(face)}
            continue
        first, _, last = photo.partition("-")
        ends = int(first), int(last or first)
        photos.append((min(ends), max(ends)))
    return Selection(tuple(photos), faces)


def read_narrowing(query: Annotated[PhotoQuery, Depends()]) -> PhotoFilter:
    """Return which photos the request asks for."""
    return query.wanted


Narrowing = Annotated[PhotoFilter, Depends(read_narrowing)]


def _one_of(kind: type[_Kind], warning: AnyWarning | None) -> _Kind | None:
    return next((one for one in kind if one == warning), None)


def _as_stored(text: str | None) -> str | None:
    """Return text as names are stored: composed characters."""
    return None if text is None else unicodedata.normalize("NFC", text)
