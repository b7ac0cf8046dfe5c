"""The tables of data sets: versions, which faces are in them, and the faces that are kept.

None refers to a job's rows: faces that are kept to train on outlive those. An erasure finds what it
takes by the job's public id.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base


class TrainingCrop(Base):
    """A face that is kept to train on, a JPEG in the bucket; its key follows from the ids.

    ``look`` is its difference hash. ``kept`` says that it may outlive the photo: else it goes with
    the photo.
    """

    __tablename__ = "training_crop"
    __table_args__ = (
        Index("ix_training_crop_job", "job_public_id"),
        Index("ix_training_crop_created_at", "created_at"),
    )

    item_public_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    face_index: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    job_public_id: Mapped[uuid.UUID]
    sha256: Mapped[bytes]
    byte_count: Mapped[int]
    look: Mapped[bytes]
    roll: Mapped[float | None]
    kept: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Dataset(Base):
    """A version of a data set. What it holds never changes but that faces are taken out of it.

    ``left_out`` counts reviewed faces that are not in it, by reason. ``erased`` counts those that
    were taken out again, the last at ``thinned_at``. Who builds it holds it until ``held_until``.
    """

    __tablename__ = "dataset"
    __table_args__ = (
        UniqueConstraint("tenant", "name", "version"),
        CheckConstraint("state IN ('building', 'ready', 'failed')", name="state"),
        Index("ix_dataset_building", "id", postgresql_where=text("state = 'building'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    tenant: Mapped[str]
    name: Mapped[str]
    version: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="building")
    failure: Mapped[str | None]
    asked: Mapped[dict[str, Any]]
    left_out: Mapped[dict[str, Any]]
    faces: Mapped[int]
    erased: Mapped[int] = mapped_column(server_default=text("0"))
    thinned_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ready_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]


class DatasetFace(Base):
    """A face of a data set with the votes that it was taken for; ``side`` None until it is built.

    ``votes`` are in the order of the seven, then "cannot tell" and "not a face". ``group_number``
    is the same for faces that lie on one side together.
    """

    __tablename__ = "dataset_face"
    __table_args__ = (
        Index("ix_dataset_face_job", "job_public_id"),
        Index("ix_dataset_face_crop", "item_public_id", "face_index"),
    )

    dataset_id: Mapped[int] = mapped_column(
        ForeignKey(Dataset.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    item_public_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    face_index: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    job_public_id: Mapped[uuid.UUID]
    photo_sha256: Mapped[bytes]
    votes: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    testable: Mapped[bool]
    side: Mapped[str | None]
    group_number: Mapped[int | None]
