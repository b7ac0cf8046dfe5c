"""Page marks: wrong passwords and ended sessions, shared by the processes of a page.

Revision: 0018, after 0017. Made on 2026-11-30.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "page_mark",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "marked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('login', 'session')", name=op.f("ck_page_mark_kind")),
        sa.PrimaryKeyConstraint("tenant", "kind", "digest", name=op.f("pk_page_mark")),
    )
    op.create_index("ix_page_mark_until", "page_mark", ["tenant", "kind", "until"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_page_mark_until", table_name="page_mark")
    op.drop_table("page_mark")
