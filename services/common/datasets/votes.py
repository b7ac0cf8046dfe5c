"""Reviews as a data set takes them: the votes on a face, and which faces can be learned from."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.common.domain.emotions import EMOTIONS
from services.common.domain.reviews import Answer

SEVEN = tuple(Answer(emotion) for emotion in EMOTIONS)
# As the trainer reads votes: below this share on the seven a face has no target.
_LEAST_ON_SEVEN = 0.5


class LeftOut(StrEnum):
    """Why a face that was reviewed is in no data set."""

    NOT_A_FACE = "not_a_face"
    CANNOT_TELL = "cannot_tell"
    TIED = "no_majority"
    PHOTO_GONE = "photo_gone"
    BESIDE_HELD_OUT = "beside_held_out"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Word:
    """The last word of a reviewer on a face.

    ``drawn`` is whether the face lies in the beginning of a random draw before its first face
    without a vote.
    """

    job: uuid.UUID
    item: uuid.UUID
    face_index: int
    answer: Answer
    blind: bool
    drawn: bool
    photo_sha256: bytes
    photo_kept: bool


@dataclass(frozen=True, slots=True)
class VotedFace:
    """A face with its votes.

    Attributes:
        job: public id of its job.
        item: public id of its photo.
        face_index: its place in the photo.
        photo_sha256: of the photo's file: the same photo of two jobs is one.
        votes: how many said each, all of them; only the blind ones where the face may be held out.
        testable: whether it was drawn at random, in the part of the draw that is reviewed without
            a gap, and has votes that were given blind: what a model is judged on is nothing else.
    """

    job: uuid.UUID
    item: uuid.UUID
    face_index: int
    photo_sha256: bytes
    votes: Counter[Answer] = field(default_factory=Counter)
    testable: bool = False

    @property
    def expression(self) -> Answer:
        """What most said; of equals the first in the order of the seven."""
        return max(SEVEN, key=lambda answer: self.votes[answer])


def usable(words: Iterable[Word]) -> tuple[list[VotedFace], Counter[LeftOut]]:
    """Return the faces that votes can label, and of the others how many for what reason."""
    faces: list[VotedFace] = []
    left_out: Counter[LeftOut] = Counter()
    for said in _by_face(words):
        first = said[0]
        blind = [word for word in said if word.blind]
        testable = first.drawn and _reason(blind) is None
        counted = blind if testable else said
        reason = _reason(counted) or (None if first.photo_kept else LeftOut.PHOTO_GONE)
        if reason is not None:
            left_out[reason] += 1
            continue
        votes = Counter(word.answer for word in counted)
        faces.append(
            VotedFace(first.job, first.item, first.face_index, first.photo_sha256, votes, testable)
        )
    return faces, left_out


def _by_face(words: Iterable[Word]) -> Iterator[Sequence[Word]]:
    faces: dict[tuple[uuid.UUID, int], list[Word]] = {}
    for word in words:
        faces.setdefault((word.item, word.face_index), []).append(word)
    yield from faces.values()


def _reason(said: Sequence[Word]) -> LeftOut | None:
    """Say why these words label no face; none at all do not either."""
    votes = Counter(word.answer for word in said)
    on_seven = sum(votes[answer] for answer in SEVEN)
    if not on_seven or on_seven < _LEAST_ON_SEVEN * votes.total():
        more_none = votes[Answer.NOT_A_FACE] >= votes[Answer.CANNOT_TELL]
        return LeftOut.NOT_A_FACE if more_none and said else LeftOut.CANNOT_TELL
    first, *others = votes.most_common()
    tied = bool(others) and others[0][1] == first[1]
    return LeftOut.TIED if tied else None
