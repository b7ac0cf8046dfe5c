"""Faces that are kept to train on: which are to be cut, and versions that wait for them."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.datasets.repositories.datasets import CHOICES
from services.common.datasets.sides import Side
from services.common.datasets.votes import LeftOut, VotedFace
from services.common.db.dataset_tables import Dataset, DatasetFace, TrainingCrop
from services.common.db.tables import Item, Job, Outcome
from services.common.storage_keys import training_prefix

_HOLD = text("""
    UPDATE dataset SET held_until = now() + CAST(:hold AS interval)
    WHERE id = (
        SELECT id FROM dataset WHERE state = 'building'
          AND (held_until IS NULL OR held_until <= now())
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
""")
# Photos of jobs that let faces outlive them, as soon as somebody has reviewed a face.
_REVIEWED = text("""
    SELECT DISTINCT job.id AS job_id, item.id AS item_id
    FROM job JOIN item ON item.job_id = job.id
    JOIN face_review AS review ON review.item_id = item.id
    WHERE job.inputs_erased_at IS NULL AND job.options ? 'keep_for_training'
      AND NOT EXISTS (
        SELECT FROM training_crop AS crop WHERE crop.item_public_id = item.public_id
          AND crop.face_index = review.face_index)
    LIMIT :limit
""")
_FACES_REVIEWED = text("SELECT DISTINCT face_index FROM face_review WHERE item_id = :item_id")
# What is put and never named, because its writer died in between, is found there (ADR 0030).
# Whoever clears the prefix holds its row: this waits for the end.
_LIST_BEFORE = text("""
    INSERT INTO doomed_prefix (prefix, doomed_at)
    VALUES (:prefix, now() + CAST(:wait AS interval))
    ON CONFLICT (prefix) DO UPDATE SET doomed_at = excluded.doomed_at, after = NULL
""")
_HOLD_JOB = text("SELECT id FROM job WHERE public_id = :job FOR KEY SHARE")
# Asked when the job is held, so that an erasure of the photo is seen or waits.
_IS_STORED = text("SELECT id FROM item WHERE public_id = :item AND object_key <> ''")


@dataclass(frozen=True, slots=True)
class PhotoToCut:
    """A stored photo with those of its faces that are to be kept.

    ``payload`` is the photo's analysis; ``faces`` are numbers in it. ``kept`` is the job's word
    that they may outlive the photo.
    """

    job: uuid.UUID
    item: uuid.UUID
    object_key: str
    sha256: bytes
    payload: Mapping[str, Any]
    faces: tuple[int, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class CutFace:
    """A face that was cut, and put into the bucket; without bytes where it cannot be."""

    face_index: int
    sha256: bytes = b""
    byte_count: int = 0
    look: bytes = b""
    roll: float | None = None


class CropRepository:
    """What the builder of data sets reads and writes, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def hold(self, *, hold: timedelta) -> Dataset | None:
        """Take the oldest version that waits to be built and that nobody else is at."""
        found = self._session.scalar(_HOLD, {"hold": hold})
        return None if found is None else self._session.get_one(Dataset, found)

    def now(self) -> datetime:
        """Return the time by Postgres' clock."""
        return self._session.scalars(select(func.now())).one()

    def release(self, dataset: Dataset) -> None:
        """Let it be taken again at once."""
        dataset.held_until = None

    def photos_of(self, dataset: Dataset, *, limit: int) -> list[PhotoToCut]:
        """Return photos of a version of which faces are still to be cut, and are there."""
        query = (
            select(Job, Item, Outcome.payload, func.array_agg(DatasetFace.face_index))
            .join(Item, Item.job_id == Job.id)
            .join(Outcome, Outcome.item_id == Item.id)
            .join(DatasetFace, DatasetFace.item_public_id == Item.public_id)
            .outerjoin(TrainingCrop, _same_face())
            .where(
                DatasetFace.dataset_id == dataset.id,
                TrainingCrop.item_public_id.is_(None),
                Job.inputs_erased_at.is_(None),
            )
            .group_by(Job.id, Item.id, Outcome.item_id)
            .limit(limit)
        )
        rows = self._session.execute(query)
        return [_photo(job, item, payload, faces) for job, item, payload, faces in rows]

    def reviewed_photos(self, *, limit: int) -> list[PhotoToCut]:
        """Return photos of jobs that keep faces, of which somebody has reviewed one since."""
        found = []
        for job_id, item_id in self._session.execute(_REVIEWED, {"limit": limit}).all():
            job, item = self._session.get_one(Job, job_id), self._session.get_one(Item, item_id)
            outcome = self._session.get(Outcome, item_id)
            faces = self._session.scalars(_FACES_REVIEWED, {"item_id": item_id})
            if outcome is not None and outcome.payload is not None:
                found.append(_photo(job, item, outcome.payload, [*faces]))
        return found

    def list_before(self, photo: PhotoToCut, *, wait: timedelta) -> None:
        """Have what is about to be put for a photo deleted, unless rows name it in ``wait``."""
        given = {"prefix": training_prefix(photo.job), "wait": wait}
        self._session.execute(_LIST_BEFORE, given)

    def add(self, photo: PhotoToCut, faces: Sequence[CutFace]) -> bool:
        """Note which faces of a photo are kept; False if it or its job was erased meanwhile."""
        if self._session.scalar(_HOLD_JOB, {"job": photo.job}) is None:
            return False
        if self._session.scalar(_IS_STORED, {"item": photo.item}) is None:
            return False
        rows = [
            {
                "item_public_id": photo.item,
                "face_index": face.face_index,
                "job_public_id": photo.job,
                "sha256": face.sha256,
                "byte_count": face.byte_count,
                "look": face.look,
                "roll": face.roll,
                "kept": photo.kept,
            }
            for face in faces
        ]
        self._session.execute(insert(TrainingCrop).values(rows).on_conflict_do_nothing())
        return True

    def cut(self, dataset: Dataset) -> tuple[list[VotedFace], list[bytes]]:
        """Return the faces of a version that are there, and how each looks."""
        query = (
            select(DatasetFace, TrainingCrop.look)
            .join(TrainingCrop, _same_face())
            .where(DatasetFace.dataset_id == dataset.id, TrainingCrop.byte_count > 0)
            .order_by(DatasetFace.item_public_id, DatasetFace.face_index)
        )
        rows = self._session.execute(query).all()
        return [_voted(face) for face, _ in rows], [look for _, look in rows]

    def settle(
        self,
        dataset: Dataset,
        faces: Sequence[VotedFace],
        *,
        groups: Sequence[int],
        sides: Sequence[Side | None],
    ) -> None:
        """Write the side of each face; the others are left out, and counted."""
        rows = [
            {
                "dataset_id": dataset.id,
                "item_public_id": face.item,
                "face_index": face.face_index,
                "group_number": group,
                "side": side,
            }
            for face, group, side in zip(faces, groups, sides, strict=True)
            if side is not None
        ]
        if rows:
            self._session.execute(update(DatasetFace), rows)
        gone = delete(DatasetFace).where(
            DatasetFace.dataset_id == dataset.id, DatasetFace.side.is_(None)
        )
        removed = len(self._session.scalars(gone.returning(DatasetFace.face_index)).all())
        left_out = Counter(dataset.left_out)
        beside = sum(side is None for side in sides)
        for reason, count in {
            LeftOut.BESIDE_HELD_OUT: beside,
            LeftOut.UNREADABLE: removed - beside,
        }.items():
            if count:
                left_out[reason.value] += count
        dataset.left_out = dict(left_out)
        dataset.faces = len(rows)


def _same_face() -> Any:
    return and_(
        TrainingCrop.item_public_id == DatasetFace.item_public_id,
        TrainingCrop.face_index == DatasetFace.face_index,
    )


def _photo(job: Job, item: Item, payload: Mapping[str, Any], faces: Sequence[int]) -> PhotoToCut:
    return PhotoToCut(
        job=job.public_id,
        item=item.public_id,
        object_key=item.object_key,
        sha256=item.sha256 or b"",
        payload=payload,
        faces=tuple(sorted(faces)),
        kept=bool(job.options.get("keep_for_training")),
    )


def _voted(face: DatasetFace) -> VotedFace:
    votes = Counter(dict(zip(CHOICES, face.votes, strict=True)))
    return VotedFace(
        face.job_public_id,
        face.item_public_id,
        face.face_index,
        face.photo_sha256,
        votes,
        face.testable,
    )
