"""The table of reviews: what people said of faces."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.db.tables import Item
from services.common.domain.reviews import Answer

_ANSWERS = ", ".join(f"'{answer}'" for answer in Answer)


class FaceReview(Base):
    """A word of a reviewer on a face: never changed, the highest ``version`` is their vote.

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
    blind: Mapped[bool]
    reviewed_at: Mapped[datetime] = mapped_column(server_default=func.now())
