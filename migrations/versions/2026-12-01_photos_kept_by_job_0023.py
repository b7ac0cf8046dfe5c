"""How long the photos of each job are kept; jobs that ask for a model are found by an index.

Revision: 0023, after 0022. Made on 2026-12-01.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job", sa.Column("keep_photos_s", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_job_with_model",
        "job",
        ["turn_at"],
        postgresql_where=sa.text("finished_at IS NULL AND (options -> 'model') IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_job_with_model", table_name="job")
    op.drop_column("job", "keep_photos_s")
