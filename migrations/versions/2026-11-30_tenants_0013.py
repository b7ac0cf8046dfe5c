"""Tenants: their weight and limits, and what they use.

Revision: 0013, after 0012. Made on 2026-11-30.

The new columns of `job` and `job_tally` have a constant default, so no row is written. What was
used before is not counted, and photos that are stored already do not count as stored bytes: their
job has a `byte_count` of 0. They are gone within the retention of inputs, a day by default.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


_WORK = ("faces", "core_ms", "fetched_bytes")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job", _number("byte_count"))
    for name in _WORK:
        op.add_column("job_tally", _number(name))
    op.create_table(
        "tenant_usage",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("photos", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("faces", sa.BigInteger(), nullable=False),
        sa.Column("core_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "day", "slot", name=op.f("pk_tenant_usage")),
    )
    op.create_index("ix_tenant_usage_day", "tenant_usage", ["day", "tenant"])
    op.create_table(
        "tenant_policy",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("requests_per_second", sa.Integer(), nullable=True),
        sa.Column("open_uploads", sa.Integer(), nullable=True),
        sa.Column("open_streams", sa.Integer(), nullable=True),
        sa.Column("open_photos", sa.Integer(), nullable=True),
        sa.Column("photos_per_day", sa.Integer(), nullable=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("weight BETWEEN 1 AND 100", name=op.f("ck_tenant_policy_weight")),
        sa.CheckConstraint(
            "coalesce(requests_per_second, 0) >= 0 AND coalesce(open_uploads, 0) >= 0"
            " AND coalesce(open_streams, 0) >= 0 AND coalesce(open_photos, 0) >= 0"
            " AND coalesce(photos_per_day, 0) >= 0 AND coalesce(stored_bytes, 0) >= 0",
            name=op.f("ck_tenant_policy_limits"),
        ),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenant_policy")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("tenant_policy")
    op.drop_table("tenant_usage")
    for name in reversed(_WORK):
        op.drop_column("job_tally", name)
    op.drop_column("job", "byte_count")
