"""Keys with the output `blurred`, and endpoints that are off because their key has expired.

Revision: 0019, after 0018. Made on 2026-11-30.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_REASONS = "'user', 'gone', 'failing', 'key_revoked'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _allow("api_key", "output", "'full', 'blurred', 'aggregate'")
    _allow("webhook_endpoint", "disabled_reason", f"{_REASONS}, 'key_expired'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A version of before cannot read their mode, and would show nothing but faces otherwise.
    op.execute(
        "UPDATE api_key SET output = 'aggregate', revoked_at = coalesce(revoked_at, now())"
        " WHERE output = 'blurred'"
    )
    _allow("api_key", "output", "'full', 'aggregate'")
    op.execute(
        "UPDATE webhook_endpoint SET disabled_reason = 'key_revoked'"
        " WHERE disabled_reason = 'key_expired'"
    )
    _allow("webhook_endpoint", "disabled_reason", _REASONS)


def _allow(table: str, column: str, values: str) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({values})")
