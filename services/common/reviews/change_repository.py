"""Every query on changes: what one request said for a reviewer."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Exists, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from services.common.db.review_tables import FaceReview, ReviewChange
from services.common.domain.reviews import Answer
from services.common.reviews.repository import FaceKey


@dataclass(frozen=True, slots=True)
class Change:
    """What one request said for a reviewer."""

    id: int
    public_id: uuid.UUID
    reviewer: str
    made_at: datetime
    undone: bool


@dataclass(frozen=True, slots=True)
class ChangedWord:
    """A word of a change, and what the reviewer had said before it: nothing is `withdrawn`."""

    key: FaceKey
    version: int
    answer: Answer
    note: str | None
    answer_before: Answer
    note_before: str | None
    blind_before: bool


class ChangeRepository:
    """Reads changes in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def latest(self, job_id: int, reviewer: str | None, *, limit: int) -> list[Change]:
        """Return up to ``limit`` changes that are no undo, the newest first."""
        query = _changes(job_id, reviewer)
        return self._read(query.order_by(ReviewChange.id.desc()).limit(limit))

    def find(self, job_id: int, reviewer: str, public_id: uuid.UUID | None) -> Change | None:
        """Return a change of a reviewer; without an id their last that is not undone."""
        query = _changes(job_id, reviewer)
        if public_id is None:
            query = query.where(~_undone(job_id)).order_by(ReviewChange.id.desc()).limit(1)
        else:
            query = query.where(ReviewChange.public_id == public_id)
        return next(iter(self._read(query)), None)

    def answers(self, changes: Sequence[Change]) -> Mapping[int, Mapping[Answer, int]]:
        """Count the words of changes by answer."""
        query = (
            select(FaceReview.change_id, FaceReview.answer, func.count())
            .where(FaceReview.change_id.in_([change.id for change in changes]))
            .group_by(FaceReview.change_id, FaceReview.answer)
        )
        found: dict[int, Counter[Answer]] = {change.id: Counter() for change in changes}
        for change, answer, count in self._session.execute(query):
            if change is not None:
                found[change][Answer(answer)] = count
        return found

    def said(self, change: Change) -> list[ChangedWord]:
        """Return the words of a change with what they took the place of."""
        before = aliased(FaceReview)
        query: Any = (
            select(FaceReview, before.answer, before.note, before.blind)
            .outerjoin(
                before,
                and_(
                    before.item_id == FaceReview.item_id,
                    before.face_index == FaceReview.face_index,
                    before.reviewer == FaceReview.reviewer,
                    before.version == FaceReview.version - 1,
                ),
            )
            .where(FaceReview.change_id == change.id)
            .order_by(FaceReview.item_id, FaceReview.face_index)
        )
        return [
            ChangedWord(
                key=FaceKey(word.item_id, word.face_index, word.reviewer),
                version=word.version,
                answer=Answer(word.answer),
                note=word.note,
                answer_before=Answer.WITHDRAWN if answer is None else Answer(answer),
                note_before=note,
                blind_before=word.blind if blind is None else blind,
            )
            for word, answer, note, blind in self._session.execute(query)
        ]

    def _read(self, query: Select[ReviewChange, bool]) -> list[Change]:
        return [
            Change(change.id, change.public_id, change.reviewer, change.made_at, undone)
            for change, undone in self._session.execute(query)
        ]


def _changes(job_id: int, reviewer: str | None) -> Select[ReviewChange, bool]:
    query = select(ReviewChange, _undone(job_id).label("undone")).where(
        ReviewChange.job_id == job_id, ReviewChange.undoes.is_(None)
    )
    return query if reviewer is None else query.where(ReviewChange.reviewer == reviewer)


def _undone(job_id: int) -> Exists:
    later = aliased(ReviewChange)
    return exists().where(later.job_id == job_id, later.undoes == ReviewChange.id)
