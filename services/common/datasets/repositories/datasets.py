"""Data sets as users see them: made of reviews, listed, read."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, text
from sqlalchemy.orm import Session

from services.common.datasets.votes import SEVEN, VotedFace, Word
from services.common.db.dataset_tables import Dataset, DatasetFace, TrainingCrop
from services.common.domain.reviews import Answer

# In the order of a row's votes.
CHOICES = (*SEVEN, Answer.CANNOT_TELL, Answer.NOT_A_FACE)
# Two requests for one name get two versions.
_LOCK_NAME = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant || chr(10) || :name, 24))")
_ROWS_A_STATEMENT = 5_000
_ROWS_READ = 2_000

# Of a draw its beginning without a gap counts, as for the accuracy (ADR 0046): which faces behind
# the first one without a vote were answered may have to do with how unsure the model was of them.
_WORDS = text("""
    WITH gap AS (
        SELECT drawn.draw_id, min(drawn.place) AS place
        FROM job
        JOIN review_draw AS draw ON draw.job_id = job.id
        JOIN review_draw_face AS drawn ON drawn.draw_id = draw.id
        JOIN face ON face.item_id = drawn.item_id AND face.face_index = drawn.face_index
        WHERE job.tenant = :tenant AND job.public_id = ANY(:jobs) AND face.answers = 0
        GROUP BY drawn.draw_id
    )
    SELECT * FROM (
    SELECT DISTINCT ON (review.item_id, review.face_index, review.reviewer)
           job.public_id AS job, item.public_id AS item, review.face_index, review.answer,
           review.blind, item.sha256,
           job.inputs_erased_at IS NULL OR EXISTS (
               SELECT FROM training_crop AS crop WHERE crop.item_public_id = item.public_id
                 AND crop.face_index = review.face_index AND crop.byte_count > 0) AS kept,
           EXISTS (
               SELECT FROM review_draw_face AS draw
               LEFT JOIN gap ON gap.draw_id = draw.draw_id
               WHERE draw.item_id = review.item_id AND draw.face_index = review.face_index
                 AND (gap.place IS NULL OR draw.place < gap.place)) AS drawn
    FROM face_review AS review
    JOIN item ON item.id = review.item_id
    JOIN job ON job.id = item.job_id
    WHERE job.tenant = :tenant AND job.public_id = ANY(:jobs) AND item.sha256 IS NOT NULL
    ORDER BY review.item_id, review.face_index, review.reviewer, review.version DESC
    ) AS word WHERE answer <> 'withdrawn'
""")
_COUNTS = text("""
    SELECT face.side, (
        SELECT choice FROM unnest(face.votes[1:7]) WITH ORDINALITY AS vote (votes, choice)
        ORDER BY votes DESC, choice LIMIT 1) AS expression, count(*) AS faces
    FROM dataset_face AS face
    WHERE face.dataset_id = :dataset AND face.side IS NOT NULL GROUP BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Member:
    """A face of a version that is ready, with what is kept of it."""

    face: DatasetFace
    crop: TrainingCrop


class DatasetRepository:
    """Reads and writes data sets in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def words(self, tenant: str, jobs: Collection[uuid.UUID]) -> Iterator[Word]:
        """Walk the last word of each reviewer on each face of these jobs."""
        given = {"tenant": tenant, "jobs": sorted(jobs)}
        for row in self._session.execute(_WORDS, given):
            yield Word(
                job=row.job,
                item=row.item,
                face_index=row.face_index,
                answer=Answer(row.answer),
                blind=row.blind,
                drawn=row.drawn,
                photo_sha256=row.sha256,
                photo_kept=row.kept,
            )

    def add(self, dataset: Dataset, faces: Sequence[VotedFace]) -> Dataset:
        """Write a version, the next of its tenant and name, with its faces."""
        self._session.execute(_LOCK_NAME, {"tenant": dataset.tenant, "name": dataset.name})
        last = self._session.scalar(
            select(func.max(Dataset.version)).where(
                Dataset.tenant == dataset.tenant, Dataset.name == dataset.name
            )
        )
        dataset.version = (last or 0) + 1
        self._session.add(dataset)
        self._session.flush()
        rows = [_row(dataset.id, face) for face in faces]
        for start in range(0, len(rows), _ROWS_A_STATEMENT):
            self._session.execute(insert(DatasetFace), rows[start : start + _ROWS_A_STATEMENT])
        return dataset

    def get(self, tenant: str, public_id: uuid.UUID) -> Dataset | None:
        """Return a version of the tenant."""
        return self._session.scalar(
            select(Dataset).where(Dataset.tenant == tenant, Dataset.public_id == public_id)
        )

    def anybodys(self, public_id: uuid.UUID) -> Dataset | None:
        """Return a version, whoever's it is: models are everybody's, and name theirs."""
        return self._session.scalar(select(Dataset).where(Dataset.public_id == public_id))

    def page(
        self, tenant: str, *, name: str | None, before: uuid.UUID | None, limit: int
    ) -> Sequence[Dataset]:
        """Return up to ``limit`` versions, the newest first, that follow ``before``."""
        query = select(Dataset).where(Dataset.tenant == tenant)
        if name is not None:
            query = query.where(Dataset.name == name)
        if before is not None:
            query = query.where(Dataset.public_id < before)
        return self._session.scalars(query.order_by(Dataset.public_id.desc()).limit(limit)).all()

    def counts(self, dataset: Dataset) -> dict[str, dict[Answer, int]]:
        """Return how many faces each side has of each expression that most chose."""
        found: dict[str, dict[Answer, int]] = {}
        for side, choice, faces in self._session.execute(_COUNTS, {"dataset": dataset.id}):
            found.setdefault(side, dict.fromkeys(SEVEN, 0))[SEVEN[choice - 1]] = faces
        return found

    def members(
        self, dataset: Dataset, *, after: tuple[uuid.UUID, int] | None = None
    ) -> list[Member]:
        """Return faces of a version with what is kept of them: a page, by photo and face."""
        place = DatasetFace.item_public_id, DatasetFace.face_index
        query: Any = (
            select(DatasetFace, TrainingCrop)
            .join(
                TrainingCrop,
                and_(
                    TrainingCrop.item_public_id == DatasetFace.item_public_id,
                    TrainingCrop.face_index == DatasetFace.face_index,
                ),
            )
            .where(DatasetFace.dataset_id == dataset.id, DatasetFace.side.is_not(None))
            .order_by(*place)
            .limit(_ROWS_READ)
        )
        if after is not None:
            item, face = after
            later = and_(place[0] == item, place[1] > face)
            query = query.where(or_(place[0] > item, later))
        return [Member(face, crop) for face, crop in self._session.execute(query)]


def _row(dataset_id: int, face: VotedFace) -> dict[str, Any]:
    return {
        "dataset_id": dataset_id,
        "item_public_id": face.item,
        "face_index": face.face_index,
        "job_public_id": face.job,
        "photo_sha256": face.photo_sha256,
        "votes": [face.votes[choice] for choice in CHOICES],
        "testable": face.testable,
    }
