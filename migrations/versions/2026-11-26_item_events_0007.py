"""Item events: finished photos get a place in the stream of events of their job.

Revision: 0007, after 0006. Made on 2026-11-26.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A trigger and not a line in each statement that finishes a photo (there are three, and one is
# a COPY): none can forget it, and workers of the version before number theirs as well.
# 20 bits hold the place of a photo in its job (at most 100,000), the rest the transaction.
_NUMBER = """
    CREATE FUNCTION number_item_event() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.event_id := (pg_current_xact_id()::text::bigint << 20) | NEW.seq;
        RETURN NEW;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER item_event BEFORE INSERT OR UPDATE OF state ON item FOR EACH ROW
    WHEN (NEW.state = 2 AND NEW.event_id IS NULL) EXECUTE FUNCTION number_item_event()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("item", sa.Column("event_id", sa.BigInteger(), nullable=True))
    # Finished before anybody could listen: in the order sent.
    op.execute("UPDATE item SET event_id = seq WHERE state = 2")
    op.execute(_NUMBER)
    op.execute(_TRIGGER)
    op.create_index(
        "ix_item_event",
        "item",
        ["job_id", "event_id"],
        unique=False,
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(
        "ix_item_event", table_name="item", postgresql_where=sa.text("event_id IS NOT NULL")
    )
    op.execute("DROP TRIGGER item_event ON item")
    op.execute("DROP FUNCTION number_item_event()")
    op.drop_column("item", "event_id")
