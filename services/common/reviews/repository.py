"""Every query on reviews."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import cast, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import JSONPATH, distinct_on
from sqlalchemy.orm import Session

from services.common.db.review_tables import FaceReview
from services.common.db.tables import Item, Outcome
from services.common.domain.reviews import Answer, NewReview, Review

# Only what is another word than the reviewer's last becomes a row, so that the same reviews sent
# again change nothing. `blind` alone is no other word: one that was given blind stays so.
_ADD = text("""
    INSERT INTO face_review (item_id, face_index, reviewer, version, answer, blind)
    SELECT item.id, given.face_index, given.reviewer, coalesce(last.version, 0) + 1,
           given.answer, given.blind
    FROM unnest(
        CAST(:items AS uuid[]), CAST(:faces AS smallint[]), CAST(:reviewers AS text[]),
        CAST(:answers AS text[]), CAST(:blind AS boolean[])
    ) AS given (item, face_index, reviewer, answer, blind)
    JOIN item ON item.public_id = given.item AND item.job_id = :job_id
    LEFT JOIN LATERAL (
        SELECT version, answer FROM face_review
        WHERE item_id = item.id AND face_index = given.face_index AND reviewer = given.reviewer
        ORDER BY version DESC LIMIT 1
    ) AS last ON true
    WHERE last.answer IS DISTINCT FROM given.answer
    RETURNING 1
""")


@dataclass(frozen=True, slots=True)
class ReviewKey:
    """A reviewer's place in the listing of a job."""

    seq: int
    face_index: int
    reviewer: str


class ReviewRepository:
    """Adds and reads reviews in the session's transaction; none is ever changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def faces(self, job_id: int, items: Collection[uuid.UUID]) -> dict[uuid.UUID, set[int]]:
        """Return which faces there are in those of these photos that have a result."""
        path = cast("$.faces[*].face_index", JSONPATH)
        indexes = func.jsonb_path_query_array(Outcome.payload, path)
        query = (
            select(Item.public_id, indexes)
            .join(Outcome, Outcome.item_id == Item.id)
            .where(Item.job_id == job_id, Item.public_id.in_(items), Outcome.ok)
        )
        return {item: set(found) for item, found in self._session.execute(query)}

    def add(self, job_id: int, reviews: Sequence[NewReview]) -> int:
        """Write those that say something else than the reviewer's last word; how many.

        The job is locked, so that no two of a reviewer's words get one version; each reviewer says
        one thing of a face in ``reviews``, of photos that there are.
        """
        given = {
            "job_id": job_id,
            "items": [review.item for review in reviews],
            "faces": [review.face_index for review in reviews],
            "reviewers": [review.reviewer for review in reviews],
            "answers": [review.answer.value for review in reviews],
            "blind": [review.blind for review in reviews],
        }
        return len(self._session.execute(_ADD, given).all())

    def page(self, job_id: int, *, after: ReviewKey | None, limit: int) -> list[Review]:
        """Return up to ``limit`` votes that follow ``after``: by photo, face and reviewer."""
        place = Item.seq, FaceReview.face_index, FaceReview.reviewer
        query = (
            select(
                Item.public_id,
                Item.seq,
                FaceReview.face_index,
                FaceReview.reviewer,
                FaceReview.answer,
                FaceReview.blind,
                FaceReview.version,
                FaceReview.reviewed_at,
            )
            .join(Item, Item.id == FaceReview.item_id)
            .where(Item.job_id == job_id)
            .ext(distinct_on(*place))
            .order_by(*place, FaceReview.version.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(
                tuple_(*place) > tuple_(after.seq, after.face_index, after.reviewer)
            )
        return [
            Review(
                item=row.public_id,
                seq=row.seq,
                face_index=row.face_index,
                reviewer=row.reviewer,
                answer=Answer(row.answer),
                blind=row.blind,
                version=row.version,
                reviewed_at=row.reviewed_at,
            )
            for row in self._session.execute(query)
        ]
