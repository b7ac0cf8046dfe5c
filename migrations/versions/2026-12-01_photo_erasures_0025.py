"""Erasures of chosen photos: a receipt names the job that they were of, and which they were.

Revision: 0025, after 0024. Made on 2026-12-01.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("erasure", sa.Column("of_job", sa.Uuid(), nullable=True))
    op.add_column("erasure", sa.Column("items", postgresql.ARRAY(sa.Uuid()), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Without their job they would be taken for jobs.
    op.execute(
        "DELETE FROM erasure_object USING erasure"
        " WHERE erasure_object.job_public_id = erasure.job_public_id AND of_job IS NOT NULL"
    )
    op.execute("DELETE FROM erasure WHERE of_job IS NOT NULL")
    op.drop_column("erasure", "items")
    op.drop_column("erasure", "of_job")
