"""The request that a job comes from: its id for log lines, its trace for spans.

Revision: 0009, after 0008. Made on 2026-11-26.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that waits for a lock makes every query behind it wait as well.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job", sa.Column("request_id", sa.String(), nullable=True))
    op.add_column("job", sa.Column("traceparent", sa.String(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("job", "traceparent")
    op.drop_column("job", "request_id")
