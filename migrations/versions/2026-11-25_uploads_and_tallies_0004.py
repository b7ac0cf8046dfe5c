"""Uploads and tallies: jobs that are filled before they are sealed, counts that are kept.

Revision: 0004, after 0003. Made on 2026-11-25.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that waits for a lock makes every query behind it wait as well.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job", sa.Column("upload_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "job_tally",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("no_face", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_job_tally_job_id_job"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "slot", name=op.f("pk_job_tally")),
    )
    # Workers of the version before do not keep tallies: let them finish or stop them first.
    op.execute("LOCK TABLE item IN SHARE MODE")
    op.execute("""
        INSERT INTO job_tally (job_id, slot, succeeded, no_face, failed, cancelled)
        SELECT job_id, 0,
               count(*) FILTER (WHERE verdict = 0), count(*) FILTER (WHERE verdict = 1),
               count(*) FILTER (WHERE verdict = 2), count(*) FILTER (WHERE state = 3)
        FROM item WHERE state IN (2, 3) GROUP BY job_id
    """)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("job_tally")
    op.drop_column("job", "upload_until")
