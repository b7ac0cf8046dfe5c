"""Every query on votes: each reviewer's last word on a face, unless it was taken back."""

from collections.abc import Collection, Mapping
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

    def by_face(self, items: Collection[int]) -> Mapping[tuple[int, int], list[str]]:
        """Return all votes on the faces of these photos, by the photo's row and the face."""
        votes = _last(select(*_COLUMNS).where(FaceReview.item_id.in_(items))).subquery()
        query = (
            select(votes.c.item_id, votes.c.face_index, _said(votes.c.answer, votes.c.answer))
            .where(votes.c.answer != Answer.WITHDRAWN)
            .group_by(votes.c.item_id, votes.c.face_index)
        )
        return {(item, face): said for item, face, said in self._session.execute(query)}

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
