"""Photos that a URL names: fetched before they are analysed.

Revision: 0006, after 0005. Made on 2026-11-26.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that waits for a lock makes every query behind it wait as well.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("item", sa.Column("source_url", sa.String(), nullable=True))
    op.alter_column("item", "sha256", existing_type=sa.LargeBinary(), nullable=True)
    op.create_table(
        "url_fetch",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=True),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_url_fetch_item_id_item"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_url_fetch_job_id_job"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_url_fetch")),
    )
    op.create_index("ix_url_fetch_due", "url_fetch", ["job_id", "next_at", "item_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("url_fetch")
    # Photos without bytes cannot be told to the version before.
    op.execute("DELETE FROM item WHERE sha256 IS NULL")
    op.alter_column("item", "sha256", existing_type=sa.LargeBinary(), nullable=False)
    op.drop_column("item", "source_url")
