"""Claim order.

Revision: 0002, after 0001. Made on 2026-11-23.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_item_ready_job"
READY = sa.text("state = 0")


def upgrade() -> None:
    # A migration that waits for a lock makes every query behind it wait as well.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(NAME, table_name="item", postgresql_where=READY)
    op.create_index(NAME, "item", ["job_id", "next_at", "id"], postgresql_where=READY)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(NAME, table_name="item", postgresql_where=READY)
    op.create_index(NAME, "item", ["job_id", "id"], postgresql_where=READY)
