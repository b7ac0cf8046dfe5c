"""The idempotency key that an upload was sealed under.

Revision: 0005, after 0004. Made on 2026-11-26.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that waits for a lock makes every query behind it wait as well.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job", sa.Column("seal_key", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_job_tenant_seal_key"), "job", ["tenant", "seal_key"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("uq_job_tenant_seal_key"), "job", type_="unique")
    op.drop_column("job", "seal_key")
