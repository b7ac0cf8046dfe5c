"""What grows: prefixes to clear, indexes of retention, vacuum of outcomes.

Revision: 0012, after 0011. Made on 2026-11-30.

From this version on whatever lies in the bucket is named by a row or listed for deletion. What
lies there from before may be neither, so in an installation that has jobs the whole bucket is
looked through once (ADR 0030).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A day from now, when no process of the version before is at work any more.
_WHOLE_BUCKET = """
    INSERT INTO doomed_prefix (prefix, doomed_at)
    SELECT prefix, now() + interval '1 day' FROM unnest(ARRAY['photos/', 'annotated/']) AS prefix
    WHERE EXISTS (SELECT FROM job)
"""
_INDEXES = (
    ("ix_job_parent_id", "job", "parent_id", "parent_id IS NOT NULL"),
    ("ix_job_inputs_due", "job", "finished_at", "inputs_erased_at IS NULL"),
    ("ix_job_results_due", "job", "expires_at", "finished_at IS NOT NULL"),
    ("ix_job_upload_due", "job", "upload_until", "status = 'open'"),
    ("ix_doomed_object_doomed_at", "doomed_object", "doomed_at", None),
    ("ix_doomed_prefix_doomed_at", "doomed_prefix", "doomed_at", None),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "doomed_prefix",
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column(
            "doomed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("after", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_doomed_prefix")),
    )
    for name, table, column, condition in _INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, [column], postgresql_where=where)
    op.execute("ALTER TABLE outcome SET (autovacuum_vacuum_scale_factor = 0.02)")
    op.execute(_WHOLE_BUCKET)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE outcome RESET (autovacuum_vacuum_scale_factor)")
    for name, table, _column, _condition in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_table("doomed_prefix")
