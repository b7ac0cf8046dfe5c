"""Every query on reviews: what people say of faces, and what came together."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    SmallInteger,
    String,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH, distinct_on, insert
from sqlalchemy.orm import Session

from services.common.db.review_tables import FaceReview, ReviewChange
from services.common.db.tables import Item, Outcome
from services.common.domain.ids import new_uuid7
from services.common.domain.reviews import Answer, Review


@dataclass(frozen=True, slots=True)
class ReviewKey:
    """A reviewer's place in the listing of a job."""

    seq: int
    face_index: int
    reviewer: str


@dataclass(frozen=True, slots=True)
class FaceKey:
    """A reviewer's place among the words on a face: the photo's row, the face, who."""

    item_id: int
    face_index: int
    reviewer: str


@dataclass(frozen=True, slots=True)
class PhotoFaces:
    """Number of a photo's row, and which faces it has."""

    item_id: int
    indexes: frozenset[int]


@dataclass(frozen=True, slots=True)
class Word:
    """A word to be written."""

    key: FaceKey
    version: int
    answer: Answer
    note: str | None
    blind: bool
    change_id: int


class ReviewRepository:
    """Adds and reads reviews in the session's transaction; none is ever changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def faces(self, job_id: int, items: Collection[uuid.UUID]) -> dict[uuid.UUID, PhotoFaces]:
        """Return which faces there are in those of these photos that have a result."""
        path = cast("$.faces[*].face_index", JSONPATH)
        indexes = func.jsonb_path_query_array(Outcome.payload, path)
        query = (
            select(Item.public_id, Item.id, indexes)
            .join(Outcome, Outcome.item_id == Item.id)
            .where(Item.job_id == job_id, Item.public_id.in_(items), Outcome.ok)
        )
        return {
            item: PhotoFaces(number, frozenset(found))
            for item, number, found in self._session.execute(query)
        }

    def last_words(self, keys: Collection[FaceKey]) -> dict[FaceKey, Review]:
        """Return the last word at each of these places where there is one, withdrawals too."""
        if not keys:
            return {}
        query = _last_words().where(_among(keys))
        return {
            FaceKey(row.item_id, row.face_index, row.reviewer): read_review(row)
            for row in self._session.execute(query)
        }

    def seen(self, keys: Collection[FaceKey]) -> set[FaceKey]:
        """Return the places whose reviewer once said something not blind, and so has seen."""
        if not keys:
            return set()
        place = FaceReview.item_id, FaceReview.face_index, FaceReview.reviewer
        query = select(*place).where(_among(keys), FaceReview.blind.is_(False)).distinct()
        return {FaceKey(*row) for row in self._session.execute(query)}

    def open_change(self, job_id: int, reviewer: str, *, undoes: int | None = None) -> int:
        """Note that one request says something for a reviewer; its number."""
        made = insert(ReviewChange).values(
            public_id=new_uuid7(), job_id=job_id, reviewer=reviewer, undoes=undoes
        )
        return self._session.scalars(made.returning(ReviewChange.id)).one()

    def write(self, words: Sequence[Word]) -> None:
        """Write words. The job is locked, so that no two of a reviewer's get one version."""
        if not words:
            return
        rows = [
            {
                "item_id": word.key.item_id,
                "face_index": word.key.face_index,
                "reviewer": word.key.reviewer,
                "version": word.version,
                "answer": word.answer.value,
                "note": word.note or None,
                "blind": word.blind,
                "change_id": word.change_id,
            }
            for word in words
        ]
        self._session.execute(insert(FaceReview), rows)

    def page(
        self,
        job_id: int,
        *,
        after: ReviewKey | None,
        limit: int,
        reviewer: str | None = None,
        photos: Collection[int] | None = None,
    ) -> list[Review]:
        """Return up to ``limit`` votes that follow ``after``: by photo, face and reviewer.

        ``photos`` narrows to those with these numbers in the job.
        """
        last = _last_words().where(Item.job_id == job_id)
        if photos is not None:
            last = last.where(Item.seq.in_(photos))
        if reviewer is not None:
            last = last.where(FaceReview.reviewer == reviewer)
        if after is not None:
            place = Item.seq, FaceReview.face_index, FaceReview.reviewer
            last = last.where(tuple_(*place) > tuple_(after.seq, after.face_index, after.reviewer))
        votes = last.subquery()
        query = (
            select(votes)
            .where(votes.c.answer != Answer.WITHDRAWN)
            .order_by(votes.c.seq, votes.c.face_index, votes.c.reviewer)
            .limit(limit)
        )
        return [read_review(row) for row in self._session.execute(query)]


def _last_words() -> Select[Any]:
    place = Item.seq, FaceReview.item_id, FaceReview.face_index, FaceReview.reviewer
    query: Any = select(
        FaceReview.item_id,
        Item.public_id,
        Item.seq,
        Item.filename,
        FaceReview.face_index,
        FaceReview.reviewer,
        FaceReview.answer,
        FaceReview.note,
        FaceReview.blind,
        FaceReview.version,
        FaceReview.reviewed_at,
        ReviewChange.public_id.label("change"),
    )
    return (  # type: ignore[no-any-return]  # more columns than SQLAlchemy's types can count
        query.join(Item, Item.id == FaceReview.item_id)
        .outerjoin(ReviewChange, ReviewChange.id == FaceReview.change_id)
        .ext(distinct_on(*place))
        .order_by(*place, FaceReview.version.desc())
    )


def _among(keys: Collection[FaceKey]) -> ColumnElement[bool]:
    """Make the condition that a word is at one of these places, as three arrays for all of them."""
    given = (
        func.unnest(
            cast([key.item_id for key in keys], ARRAY(BigInteger)),
            cast([key.face_index for key in keys], ARRAY(SmallInteger)),
            cast([key.reviewer for key in keys], ARRAY(String)),
        )
        .table_valued("item_id", "face_index", "reviewer", name="given")
        .render_derived()
    )
    place = tuple_(FaceReview.item_id, FaceReview.face_index, FaceReview.reviewer)
    return place.in_(select(given.c.item_id, given.c.face_index, given.c.reviewer))


def read_review(row: Row[Any]) -> Review:
    """Turn a row of a reviewer's words into one."""
    return Review(
        item=row.public_id,
        seq=row.seq,
        filename=row.filename,
        face_index=row.face_index,
        reviewer=row.reviewer,
        answer=Answer(row.answer),
        blind=row.blind,
        version=row.version,
        reviewed_at=row.reviewed_at,
        note=row.note,
        change=row.change,
    )
