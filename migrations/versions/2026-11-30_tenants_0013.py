"""Tenants: their weight and limits.

Revision: 0013, after 0012. Made on 2026-11-30.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
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
