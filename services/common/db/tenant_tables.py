"""The tables of tenants: what the operator set for one, what it had of the workers, and used."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.domain.tenants import DEFAULT_WEIGHT, LIMIT_NAMES, MAX_WEIGHT

_NOT_NEGATIVE = " AND ".join(f"coalesce({name}, 0) >= 0" for name in LIMIT_NAMES)


class TenantPolicy(Base):
    """What the operator set for a tenant: its weight, and limits in place of the deployment's.

    A tenant without a row has the deployment's; so has one whose column is null. 0 is no limit.
    """

    __tablename__ = "tenant_policy"
    __table_args__ = (
        CheckConstraint(f"weight BETWEEN 1 AND {MAX_WEIGHT}", name="weight"),
        CheckConstraint(_NOT_NEGATIVE, name="limits"),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[int] = mapped_column(
        SmallInteger, default=DEFAULT_WEIGHT, server_default=text(str(DEFAULT_WEIGHT))
    )
    requests_per_second: Mapped[int | None]
    open_uploads: Mapped[int | None]
    open_streams: Mapped[int | None]
    open_photos: Mapped[int | None]
    photos_per_day: Mapped[int | None]
    stored_bytes: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TenantTurn(Base):
    """How much of a lane a tenant had: photos over weight, in the virtual time of fair queueing.

    ``start_tag`` is where its last claim began, ``finish_tag`` where that ended. A tenant has no
    other row than those of its lanes, and no other meaning than beside the others' tags.
    """

    __tablename__ = "tenant_turn"
    # Every claim writes a row; room on its page keeps that off the index.
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    lane: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    start_tag: Mapped[float]
    finish_tag: Mapped[float]


class TenantUsage(Base):
    """What a tenant used on a day of UTC; no name of a file, no id of a job, so it may be kept.

    A day has a few rows, by ``slot``, so that transactions which count for a tenant at once do not
    wait for each other. ``photos`` and ``byte_count`` are those of jobs accepted on the day,
    ``faces`` and ``core_ms``, CPU time of workers in ms, those of jobs that ended on it.
    """

    __tablename__ = "tenant_usage"
    __table_args__ = (Index("ix_tenant_usage_day", "day", "tenant"),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    photos: Mapped[int] = mapped_column(BigInteger, default=0)
    byte_count: Mapped[int] = mapped_column(BigInteger, default=0)
    faces: Mapped[int] = mapped_column(BigInteger, default=0)
    core_ms: Mapped[int] = mapped_column(BigInteger, default=0)
