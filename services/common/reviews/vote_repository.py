"""Every query on votes: each reviewer's last word on a face, unless it was taken back."""

import uuid
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

    def reviewed(self, job_id: int) -> int:
        """Count the faces with a vote."""
        faces = votes_by_face(job_id).subquery()
        return self._session.scalar(select(func.count()).select_from(faces)) or 0

    def blind_votes(self, job_id: int) -> Votes:
        """Count faces by the blind votes on them, *cannot tell* left out."""
        votes = _votes_of(job_id).subquery()
        said = _said(votes.c.answer, votes.c.answer).label("said")
        faces = _blind(select(said), votes).group_by(votes.c.item_id, votes.c.face_index)
        return self._counted(faces)

    def blind_pairs(self, job_id: int) -> Pairs | None:
        """Count faces by what the one and the other reviewer said, if just two voted blind."""
        votes = _votes_of(job_id).subquery()
        names = self._session.scalars(_blind(select(votes.c.reviewer).distinct(), votes)).all()
        if len(names) != _TWO:
            return None
        said = _said(votes.c.answer, votes.c.reviewer).label("said")
        faces = _blind(select(said), votes).group_by(votes.c.item_id, votes.c.face_index)
        counted = self._counted(faces.having(func.count() == _TWO))
        return {(said[0], said[1]): count for said, count in counted.items()}

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

    def _counted(self, faces: Select[Any]) -> dict[tuple[str, ...], int]:
        said = faces.subquery().c.said
        query = select(said, func.count()).group_by(said)
        return {tuple(answers): count for answers, count in self._session.execute(query)}


def votes_by_face(job_id: int) -> Select[Any]:
    """Select each face of a job that has votes: how many, and the blind ones as an array.

    Among the blind ones is no *cannot tell*; NULL where there are none.
    """
    votes = _votes_of(job_id).subquery()
    blind = _said(votes.c.answer, votes.c.answer).filter(
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


def _blind(query: Any, votes: Any) -> Any:
    return query.where(votes.c.blind, votes.c.answer.not_in(_SILENT))


def _said(answer: Any, by: Any) -> Any:
    return func.array_agg(aggregate_order_by(cast(answer, String), by))
