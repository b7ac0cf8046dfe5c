"""Turns: lanes and turns of jobs, tags of tenants. A priority that nobody could set is not read.

Revision: 0014, after 0013. Made on 2026-11-30.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ACTIVE = sa.text("status IN ('queued', 'running')")
_UNFINISHED = sa.text("finished_at IS NULL")
# A job has the lane of its photos; one that is final is in nobody's way.
_LANES = """
    UPDATE job SET lane = 'interactive'
    WHERE finished_at IS NULL AND EXISTS (
        SELECT FROM item WHERE item.job_id = job.id AND item.queue = 'interactive'
    )
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tenant_turn",
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("start_tag", sa.Float(), nullable=False),
        sa.Column("finish_tag", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "tenant", name=op.f("pk_tenant_turn")),
        postgresql_with={"fillfactor": 50},
    )
    # Processes of before write the priority, and jobs without a lane.
    op.alter_column("job", "priority", server_default="0")
    op.add_column("job", sa.Column("lane", sa.String(), server_default="batch", nullable=False))
    op.add_column(
        "job",
        sa.Column(
            "turn_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
    )
    op.execute(_LANES)
    op.drop_index("ix_job_active", table_name="job")
    op.create_index("ix_job_active", "job", ["id"], postgresql_where=_UNFINISHED)
    op.create_index(
        "ix_job_turn", "job", ["lane", "tenant", "turn_at", "id"], postgresql_where=_ACTIVE
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_job_turn", table_name="job")
    op.drop_index("ix_job_active", table_name="job")
    op.create_index("ix_job_active", "job", ["priority", "id"], postgresql_where=_UNFINISHED)
    op.drop_column("job", "turn_at")
    op.drop_column("job", "lane")
    op.alter_column("job", "priority", server_default=None)
    op.drop_table("tenant_turn")
