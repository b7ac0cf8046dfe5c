"""Votes across jobs, beside the model's answer."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.reviews import Answer, Review
from services.common.reviews.repository import read_review

_PAGE = text("""
    SELECT vote.*, face.expression AS model
    FROM (
        SELECT DISTINCT ON (item.public_id, word.face_index, word.reviewer)
               job.public_id AS job, item.id AS item_id, item.public_id, item.seq, item.filename,
               word.face_index, word.reviewer, word.answer, word.note, word.blind, word.version,
               word.reviewed_at, change.public_id AS change
        FROM job
        JOIN item ON item.job_id = job.id
        JOIN face_review AS word ON word.item_id = item.id
        LEFT JOIN review_change AS change ON change.id = word.change_id
        WHERE job.tenant = :tenant
          AND (CAST(:job AS uuid) IS NULL OR job.public_id = :job)
          AND (CAST(:reviewer AS text) IS NULL OR word.reviewer = :reviewer)
          AND (CAST(:after_item AS uuid) IS NULL
               OR (item.public_id, word.face_index, word.reviewer)
                  > (:after_item, CAST(:after_face AS int), CAST(:after_reviewer AS text)))
        ORDER BY item.public_id, word.face_index, word.reviewer, word.version DESC
    ) AS vote
    JOIN face ON face.item_id = vote.item_id AND face.face_index = vote.face_index
    WHERE vote.answer <> 'withdrawn'
      AND (CAST(:answer AS text) IS NULL OR vote.answer = :answer)
      AND (CAST(:blind AS boolean) IS NULL OR vote.blind = :blind)
      AND (CAST(:since AS timestamptz) IS NULL OR vote.reviewed_at >= :since)
      AND (CAST(:differs AS boolean) IS NULL
           OR :differs = (vote.answer NOT IN
               ('cannot_tell', (CAST(:names AS text[]))[face.expression + 1])))
    ORDER BY vote.public_id, vote.face_index, vote.reviewer
    LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class VoteFilter:
    """Which votes; None asks for nothing.

    ``differs`` is whether the vote says another thing of the face than the model: *cannot tell*
    does not.
    """

    job: uuid.UUID | None = None
    reviewer: str | None = None
    answer: Answer | None = None
    blind: bool | None = None
    differs: bool | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class VoteKey:
    """A vote's place in the listing."""

    item: uuid.UUID
    face_index: int
    reviewer: str


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote with the job and photo it is of, and the model's first answer."""

    job: uuid.UUID
    review: Review
    model: Emotion

    @property
    def key(self) -> VoteKey:
        """Its place in the listing."""
        return VoteKey(self.review.item, self.review.face_index, self.review.reviewer)


class VoteListing:
    """Lists a tenant's votes in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self, tenant: str, wanted: VoteFilter, *, after: VoteKey | None, limit: int
    ) -> list[Vote]:
        """Return up to ``limit`` votes behind ``after``: by photo, as they came, face, reviewer."""
        values = asdict(wanted) | {
            "tenant": tenant,
            "after_item": after and after.item,
            "after_face": after and after.face_index,
            "after_reviewer": after and after.reviewer,
            "names": [emotion.value for emotion in EMOTIONS],
            "limit": limit,
        }
        return [
            Vote(row.job, read_review(row), EMOTIONS[row.model])
            for row in self._session.execute(_PAGE, values)
        ]
