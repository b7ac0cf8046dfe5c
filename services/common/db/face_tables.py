"""What photos are sorted and narrowed by: a narrow row for each photo with a result, and each face.

Triggers on ``outcome`` and ``face_review`` write them (migration 0021), as their owner, so that no
process needs a right for it and workers of before fill them as well (ADR 0040). The truth is the
payload: nothing here is shown that a payload does not say.
"""

from sqlalchemy import BigInteger, Double, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.db.tables import Item


class AnalysedPhoto(Base):
    """A photo with a result: what its tile needs before anything of it is loaded.

    ``width`` and ``height`` are of the upright original in pixels, ``captured_at`` is ISO 8601 as
    EXIF wrote it, ``warnings`` are codes of `PhotoWarning`.
    """

    __tablename__ = "analysed_photo"
    __table_args__ = (Index("ix_analysed_photo_job_id", "job_id"),)

    item_id: Mapped[int] = mapped_column(
        ForeignKey(Item.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    job_id: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    faces: Mapped[int]
    captured_at: Mapped[str | None]
    warnings: Mapped[list[str]] = mapped_column(ARRAY(String))


class Face(Base):
    """A face of a photo with a result.

    ``seq`` is the photo's place in its job. ``expression`` is the place of the first answer in
    ``EMOTIONS``, ``top_p`` its probability, 0..1, and ``margin`` its lead. ``side`` is the longer
    side of the box in pixels of the analysed picture. ``cut_off`` says that the box touches the
    photo's edge. ``answers`` has a bit for each answer that is some reviewer's vote: bit i is the
    i-th of `Answer`.
    """

    __tablename__ = "face"
    __table_args__ = (
        Index("ix_face_job_id", "job_id", "seq"),
        # Room for votes, so that one is written beside its face and no index changes.
        {"postgresql_with": {"fillfactor": 90}},
    )

    item_id: Mapped[int] = mapped_column(
        ForeignKey(Item.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    face_index: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    job_id: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int]
    expression: Mapped[int] = mapped_column(SmallInteger)
    top_p: Mapped[float] = mapped_column(Double)
    margin: Mapped[float] = mapped_column(Double)
    uncertain: Mapped[bool]
    side: Mapped[float] = mapped_column(Double)
    cut_off: Mapped[bool]
    answers: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
