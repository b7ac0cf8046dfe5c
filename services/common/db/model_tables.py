"""The tables of changes of models: their history, the canary, trial loads."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base


class ModelActivation(Base):
    """History: which model was made the active one, when, by whom, in place of which."""

    __tablename__ = "model_activation"
    __table_args__ = (
        CheckConstraint("kind IN ('first', 'activate', 'rollback')", name="kind"),
        Index("ix_model_activation_model_id", "model_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("model.id", ondelete="SET NULL"))
    kind: Mapped[str]
    actor: Mapped[str]
    forced: Mapped[bool] = mapped_column(default=False)
    activated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelCanary(Base):
    """The candidate on trial, one at most, and how it agrees with the active model so far."""

    __tablename__ = "model_canary"
    __table_args__ = (
        CheckConstraint("only_row = 1", name="only_row"),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
    )

    only_row: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, default=1
    )
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    share: Mapped[float]
    actor: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    chunks: Mapped[int] = mapped_column(BigInteger, default=0)
    photos: Mapped[int] = mapped_column(BigInteger, default=0)
    faces: Mapped[int] = mapped_column(BigInteger, default=0)
    agreed: Mapped[int] = mapped_column(BigInteger, default=0)
    abs_dp: Mapped[float] = mapped_column(default=0.0)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TrialLoad(Base):
    """A model that one live worker shall load and let go again, before it is activated.

    ``claimed_by`` names the host of the worker that took it. Who asked deletes the row.
    """

    __tablename__ = "trial_load"
    __table_args__ = (Index("ix_trial_load_model_id", "model_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_by: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
