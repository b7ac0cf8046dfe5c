"""Keys that expire, are rolled and say what they are for; which key made a job or an endpoint.

Revision: 0015, after 0014. Made on 2026-11-30.

Jobs and endpoints of before name no key.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MADE_BY = ("job", "webhook_endpoint")
_PURPOSE = ("purpose", "purpose_exception", "purpose_note")
_REASONS = "disabled_reason IN ('user', 'gone', 'failing')"
_MORE_REASONS = "disabled_reason IN ('user', 'gone', 'failing', 'key_revoked')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_key", sa.Column("former_prefix", sa.String(), nullable=True))
    op.add_column("api_key", sa.Column("former_hash", sa.LargeBinary(), nullable=True))
    op.add_column("api_key", sa.Column("former_until", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_api_key_former_hash"), "api_key", ["former_hash"])
    for column in _PURPOSE:
        op.add_column("api_key", sa.Column(column, sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_api_key_purpose"),
        "api_key",
        "purpose NOT IN ('workplace', 'education') OR purpose_exception IS NOT NULL",
    )
    op.add_column(
        "api_key",
        sa.Column("output", sa.String(), server_default=sa.text("'full'"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_api_key_output"), "api_key", "output IN ('full', 'aggregate')"
    )
    for table in _MADE_BY:
        # In one statement: Postgres knows then that all rows fit, and reads none of them.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN key_id BIGINT"
            f" CONSTRAINT fk_{table}_key_id_api_key REFERENCES api_key (id)"
        )
    op.create_index("ix_webhook_endpoint_key_id", "webhook_endpoint", ["key_id"])
    _allow_reasons(_MORE_REASONS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "UPDATE webhook_endpoint SET disabled_reason = 'user' WHERE disabled_reason = 'key_revoked'"
    )
    _allow_reasons(_REASONS)
    op.drop_index("ix_webhook_endpoint_key_id", table_name="webhook_endpoint")
    for table in reversed(_MADE_BY):
        op.drop_column(table, "key_id")
    # A version of before would let expired keys in, and show faces to those for counts alone.
    op.execute(
        "UPDATE api_key SET revoked_at = now()"
        " WHERE revoked_at IS NULL AND (expires_at <= now() OR output <> 'full')"
    )
    op.drop_constraint(op.f("ck_api_key_output"), "api_key", type_="check")
    op.drop_constraint(op.f("ck_api_key_purpose"), "api_key", type_="check")
    for column in (
        "output",
        *_PURPOSE,
        "former_until",
        "former_hash",
        "former_prefix",
        "expires_at",
    ):
        op.drop_column("api_key", column)


def _allow_reasons(condition: str) -> None:
    name = op.f("ck_webhook_endpoint_disabled_reason")
    op.drop_constraint(name, "webhook_endpoint", type_="check")
    op.create_check_constraint(name, "webhook_endpoint", condition)
