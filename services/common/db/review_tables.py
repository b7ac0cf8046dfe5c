"""The tables of reviews: what people said of faces, by which change, and faces drawn at random."""

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.db.tables import Item, Job
from services.common.domain.reviews import Answer

_ANSWERS = ", ".join(f"'{answer}'" for answer in Answer)


class ReviewChange(Base):
    """What one request said for one reviewer: what an undo takes back in one step.

    ``undoes`` is the number of the change that this one took back. It goes with the job's row.
    """

    __tablename__ = "review_change"
    __table_args__ = (Index("ix_review_change_job_id_reviewer", "job_id", "reviewer", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    job_id: Mapped[int] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"))
    reviewer: Mapped[str]
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FaceReview(Base):
    """A word of a reviewer on a face: never changed, the highest ``version`` is their vote.

    The word ``withdrawn`` takes the vote back. ``change_id`` is NULL in words of before 0022.
    It goes with the photo's row: an erasure or the end of the results' retention takes it along.
    """

    __tablename__ = "face_review"
    __table_args__ = (CheckConstraint(f"answer IN ({_ANSWERS})", name="answer"),)

    item_id: Mapped[int] = mapped_column(
        ForeignKey(Item.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    face_index: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    reviewer: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[str]
    note: Mapped[str | None]
    blind: Mapped[bool]
    change_id: Mapped[int | None] = mapped_column(ForeignKey(ReviewChange.id), index=True)
    reviewed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReviewDraw(Base):
    """Faces of a job drawn at random, each with a known probability.

    ``populations`` counts the job's faces by the model's first answer, in the order of
    ``EMOTIONS``: what the drawn faces stand for.
    """

    __tablename__ = "review_draw"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    job_id: Mapped[int] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), index=True)
    seed: Mapped[int] = mapped_column(BigInteger)
    by_expression: Mapped[bool]
    populations: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    drawn_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReviewDrawFace(Base):
    """A drawn face: its place in the random order, and how probable it was that it is drawn.

    ``expression`` is the place of the model's first answer in ``EMOTIONS``.
    """

    __tablename__ = "review_draw_face"
    __table_args__ = (Index("ix_review_draw_face_item_id", "item_id", "face_index"),)

    draw_id: Mapped[int] = mapped_column(
        ForeignKey(ReviewDraw.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(ForeignKey(Item.id, ondelete="CASCADE"))
    face_index: Mapped[int] = mapped_column(SmallInteger)
    expression: Mapped[int] = mapped_column(SmallInteger)
    probability: Mapped[float] = mapped_column(Double)
