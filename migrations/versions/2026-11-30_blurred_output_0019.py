"""Keys with the output `blurred`.

Revision: 0019, after 0018. Made on 2026-11-30.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAME = "ck_api_key_output"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _allow("output IN ('full', 'blurred', 'aggregate')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A version of before cannot read their mode, and would show nothing but faces otherwise.
    op.execute(
        "UPDATE api_key SET output = 'aggregate', revoked_at = coalesce(revoked_at, now())"
        " WHERE output = 'blurred'"
    )
    _allow("output IN ('full', 'aggregate')")


def _allow(condition: str) -> None:
    op.drop_constraint(op.f(_NAME), "api_key", type_="check")
    op.create_check_constraint(op.f(_NAME), "api_key", condition)
