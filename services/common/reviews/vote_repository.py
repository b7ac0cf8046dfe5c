"""Every query on votes: each reviewer's last word on a face, unless it was taken back."""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import Session

from services.common.db.review_tables import FaceReview
from services.common.db.tables import Item
from services.common.domain.reviews import Answer
from services.common.reviews.agreement import Pairs, Votes

# What no vote says about the face: not given any more, or not known.
_SILENT = (Answer.CANNOT_TELL, Answer.WITHDRAWN)
_TWO = 2

# What reviewers say of the faces of a photo, by `face_index`.
VotesByFace = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    """How far a reviewer is: faces with a vote of theirs, how many blind, when the last came."""

    reviewer: str
    votes: int
    blind: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class BlindVotes:
    """So many ``faces`` of which just these ``reviewers`` said this, in the same order."""

    reviewers: tuple[str, ...]
    said: tuple[str, ...]
    faces: int


class VoteRepository:
    """Reads votes in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def reviewers(self, job_id: int) -> list[ReviewerProgress]:
        """Tell how far each is, whoever has most votes first."""
        votes = _votes_of(job_id).subquery()
        count = func.count()
        query = (
            select(
                votes.c.reviewer,
                count,
                count.filter(votes.c.blind),
                func.max(votes.c.reviewed_at),
            )
            .group_by(votes.c.reviewer)
            .order_by(count.desc(), votes.c.reviewer)
        )
        return [ReviewerProgress(*row) for row in self._session.execute(query)]

    def blind_votes(self, job_id: int) -> list[BlindVotes]:
        """Count faces by the blind votes on them, *cannot tell* left out."""
        votes = _votes_of(job_id).subquery()
        of_face = (
            select(
                _said(votes.c.reviewer, votes.c.reviewer).label("reviewers"),
                _said(votes.c.answer, votes.c.reviewer).label("said"),
            )
            .where(votes.c.blind, votes.c.answer.not_in(_SILENT))
            .group_by(votes.c.item_id, votes.c.face_index)
            .subquery()
        )
        columns = of_face.c.reviewers, of_face.c.said
        query = select(*columns, func.count()).group_by(*columns)
        return [
            BlindVotes(tuple(reviewers), tuple(said), faces)
            for reviewers, said, faces in self._session.execute(query)
        ]

    def on_photos(self, photos: Collection[uuid.UUID]) -> Mapping[uuid.UUID, VotesByFace]:
        """Return all votes on the faces of these photos, by the photo's public id."""
        if not photos:
            return {}
        of_photos: Any = select(*_COLUMNS, Item.public_id)
        of_photos = of_photos.join(Item, Item.id == FaceReview.item_id)
        votes = _last(of_photos.where(Item.public_id.in_(photos))).subquery()
        place = votes.c.public_id, votes.c.face_index
        query = (
            select(*place, _said(votes.c.answer, votes.c.answer))
            .where(votes.c.answer != Answer.WITHDRAWN)
            .group_by(*place)
        )
        found: dict[uuid.UUID, dict[int, list[str]]] = {}
        for photo, face_index, said in self._session.execute(query):
            found.setdefault(photo, {})[face_index] = said
        return found


def any_order(found: Sequence[BlindVotes]) -> Votes:
    """Count faces by what was said of them, whoever said it."""
    counted = Counter[tuple[str, ...]]()
    for one in found:
        counted[tuple(sorted(one.said))] += one.faces
    return counted


def pairs(found: Sequence[BlindVotes]) -> Pairs | None:
    """Count faces by what the one and the other reviewer said, if just two voted blind."""
    if len({name for one in found for name in one.reviewers}) != _TWO:
        return None
    return {(one.said[0], one.said[1]): one.faces for one in found if len(one.reviewers) == _TWO}


def votes_by_face(job_id: int) -> Select[Any]:
    """Select each face of a job that has votes: how many, and the blind ones with spaces between.

    Among the blind ones is no *cannot tell*; NULL where there are none. A text is read in half the
    time of an array.
    """
    votes = _votes_of(job_id).subquery()
    blind = func.string_agg(cast(votes.c.answer, String), " ").filter(
        votes.c.blind, votes.c.answer != Answer.CANNOT_TELL
    )
    return select(
        votes.c.item_id, votes.c.face_index, func.count().label("votes"), blind.label("blind")
    ).group_by(votes.c.item_id, votes.c.face_index)


_COLUMNS = (
    FaceReview.item_id,
    FaceReview.face_index,
    FaceReview.reviewer,
    FaceReview.answer,
    FaceReview.blind,
    FaceReview.reviewed_at,
)


def _votes_of(job_id: int) -> Select[Any]:
    of_job = (
        select(*_COLUMNS).join(Item, Item.id == FaceReview.item_id).where(Item.job_id == job_id)
    )
    last = _last(of_job).subquery()
    return select(last).where(last.c.answer != Answer.WITHDRAWN)


def _last(query: Any) -> Any:
    place = FaceReview.item_id, FaceReview.face_index, FaceReview.reviewer
    return query.ext(distinct_on(*place)).order_by(*place, FaceReview.version.desc())


def _said(answer: Any, by: Any) -> Any:
    return func.array_agg(aggregate_order_by(cast(answer, String), by))
