"""Faces taken out of data sets: rows at once, objects later, and each version says so."""

import uuid
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from services.common.db.dataset_tables import Dataset, TrainingCrop

_TAKE_OUT = """
    WITH gone AS (
        DELETE FROM training_crop WHERE {crops}
        RETURNING item_public_id, face_index, job_public_id, byte_count
    ), faces AS (
        DELETE FROM dataset_face USING gone
        WHERE dataset_face.item_public_id = gone.item_public_id
          AND dataset_face.face_index = gone.face_index
        RETURNING dataset_id
    ), counted AS (
        SELECT dataset_id, count(*) AS faces FROM faces GROUP BY dataset_id
    ), thinned AS (
        UPDATE dataset SET erased = erased + counted.faces, thinned_at = now()
        FROM counted WHERE dataset.id = counted.dataset_id
    ), listed AS (
        INSERT INTO doomed_prefix (prefix)
        SELECT DISTINCT 'training/' || replace(job_public_id::text, '-', '') || '/' FROM gone
        ON CONFLICT (prefix) DO UPDATE SET doomed_at = now(), after = NULL
    )
    SELECT count(*) FILTER (WHERE byte_count > 0) FROM gone
"""
_OF_JOB = text(_TAKE_OUT.format(crops="job_public_id = :job"))
_OF_PHOTOS = text(_TAKE_OUT.format(crops="item_public_id = ANY(:items)"))
_WITH_PHOTOS = text(_TAKE_OUT.format(crops="job_public_id = :job AND NOT kept"))
_OLD = text(
    _TAKE_OUT.format(
        crops="""(item_public_id, face_index) IN (
            SELECT item_public_id, face_index FROM training_crop
            WHERE kept AND created_at <= now() - CAST(:keep AS interval)
            ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED)"""
    )
)
# What no other version holds.
_UNUSED = text(
    _TAKE_OUT.format(
        crops="""(item_public_id, face_index) IN (
            SELECT mine.item_public_id, mine.face_index FROM dataset_face AS mine
            WHERE mine.dataset_id = :dataset AND NOT EXISTS (
                SELECT FROM dataset_face AS other WHERE other.dataset_id <> :dataset
                  AND other.item_public_id = mine.item_public_id
                  AND other.face_index = mine.face_index))"""
    )
)
# Not cut yet, because the version is being built.
_TAKE_OUT_UNCUT = """
    WITH faces AS (
        DELETE FROM dataset_face WHERE {faces} RETURNING dataset_id
    ), counted AS (
        SELECT dataset_id, count(*) AS faces FROM faces GROUP BY dataset_id
    )
    UPDATE dataset SET erased = erased + counted.faces, thinned_at = now()
    FROM counted WHERE dataset.id = counted.dataset_id
"""
_UNCUT = text(_TAKE_OUT_UNCUT.format(faces="job_public_id = :job"))
_UNCUT_OF_PHOTOS = text(_TAKE_OUT_UNCUT.format(faces="item_public_id = ANY(:items)"))


class ThinningRepository:
    """Takes faces out of every data set, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def erase_job(self, job: uuid.UUID) -> int:
        """Take out every face of an erased job; how many were kept to train on.

        Call it when the job's row is gone: whoever keeps a face holds that row until the commit.
        """
        kept = self._count(_OF_JOB, {"job": job})
        self._session.execute(_UNCUT, {"job": job})
        return kept

    def erase_photos(self, items: Collection[uuid.UUID]) -> int:
        """Take out every face of erased photos; how many were kept to train on.

        Whoever calls holds the job's row: see `CropRepository.add`.
        """
        given = {"items": list(items)}
        kept = self._count(_OF_PHOTOS, given)
        self._session.execute(_UNCUT_OF_PHOTOS, given)
        return kept

    def photos_gone(self, job: uuid.UUID) -> int:
        """Take out the faces of a job that may not outlive its photos; how many."""
        return self._count(_WITH_PHOTOS, {"job": job})

    def expire(self, *, keep: timedelta, limit: int) -> int:
        """Take out faces that were kept for as long as any may be; how many."""
        return self._count(_OLD, {"keep": keep, "limit": limit})

    def delete(self, dataset: Dataset) -> int:
        """Delete a version, and the faces that no other one holds; how many of these."""
        unused = self._count(_UNUSED, {"dataset": dataset.id})
        self._session.execute(delete(Dataset).where(Dataset.id == dataset.id))
        return unused

    def named(self, keys: Mapping[str, tuple[uuid.UUID, int]]) -> set[str]:
        """Return those of these objects that are faces which are kept, by item and face."""
        items = {item for item, _ in keys.values()}
        query = select(TrainingCrop.item_public_id, TrainingCrop.face_index).where(
            TrainingCrop.item_public_id.in_(items)
        )
        kept = {(item, face) for item, face in self._session.execute(query)}
        return {key for key, face in keys.items() if face in kept}

    def _count(self, statement: Any, values: Mapping[str, Any]) -> int:
        return int(self._session.execute(statement, values).scalar_one())
