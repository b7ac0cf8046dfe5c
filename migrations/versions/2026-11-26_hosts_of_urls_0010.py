"""The host of each photo that a URL names, so that claims can be kept few on each.

Revision: 0010, after 0009. Made on 2026-11-26.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Good enough for what waits during an upgrade: a host spelt in two ways counts as two.
_FILL = r"""
    UPDATE url_fetch SET host = lower(coalesce(
        substring(item.source_url from '^[A-Za-z]+://(\[[^]]*\]|[^/?#:]+)'), ''))
    FROM item WHERE item.id = url_fetch.item_id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("url_fetch", sa.Column("host", sa.String(), server_default="", nullable=False))
    op.execute(_FILL)
    op.drop_index("ix_url_fetch_due", table_name="url_fetch")
    op.create_index("ix_url_fetch_due", "url_fetch", ["job_id", "host", "next_at", "item_id"])
    op.create_index(
        "ix_url_fetch_held",
        "url_fetch",
        ["host"],
        postgresql_where=sa.text("token IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(
        "ix_url_fetch_held",
        table_name="url_fetch",
        postgresql_where=sa.text("token IS NOT NULL"),
    )
    op.drop_index("ix_url_fetch_due", table_name="url_fetch")
    op.create_index("ix_url_fetch_due", "url_fetch", ["job_id", "next_at", "item_id"])
    op.drop_column("url_fetch", "host")
