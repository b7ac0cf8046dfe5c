"""Receipts of erasures: who asked, and when the bucket held nothing of the job any more.

Revision: 0017, after 0016. Made on 2026-11-30.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Erasures of before have none of this, and no receipt: who asked is not known any more.
_COLUMNS = (
    ("key_id", sa.String()),
    ("key_name", sa.String()),
    ("stated_reason", sa.String()),
    ("check_at", sa.DateTime(timezone=True)),
    ("bucket_empty_at", sa.DateTime(timezone=True)),
    ("photos_kept", sa.Integer()),
    ("signature", sa.String()),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in _COLUMNS:
        op.add_column("erasure", sa.Column(name, kind, nullable=True))
    op.create_index(
        "ix_erasure_check_at",
        "erasure",
        ["check_at"],
        postgresql_where=sa.text("check_at IS NOT NULL"),
    )
    op.create_index(
        "ix_erasure_tenant_receipt",
        "erasure",
        ["tenant", "job_public_id"],
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.create_table(
        "erasure_object",
        sa.Column("job_public_id", sa.Uuid(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("job_public_id", "object_key", name=op.f("pk_erasure_object")),
    )
    op.create_table(
        "receipt_key",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "first_used_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_receipt_key")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("receipt_key")
    op.drop_table("erasure_object")
    op.drop_index("ix_erasure_tenant_receipt", table_name="erasure")
    op.drop_index("ix_erasure_check_at", table_name="erasure")
    for name, _kind in reversed(_COLUMNS):
        op.drop_column("erasure", name)
