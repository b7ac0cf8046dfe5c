"""Behind PgBouncer in transaction mode each transaction may get another server connection.

Before 1.21 it knows nothing of prepared statements, and psycopg numbers them per connection:
``_pg3_0`` of the server connection that a client is given may be another client's statement.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, select, text

from services.common.config import DatabaseSettings
from services.common.db.session import build_engine
from services.common.db.tables import Item
from tests.fixtures.factories import JobMaker

USES = 6  # psycopg prepares a statement at its fifth use
ROUNDS = 6


@pytest.fixture
def pooled(pooled_url: str) -> Iterator[Engine]:
    engine = build_engine(DatabaseSettings.model_validate({"url": pooled_url}))
    yield engine
    engine.dispose()


def test_a_tenant_is_never_given_the_row_of_another(pooled: Engine, make_job: JobMaker) -> None:
    theirs = make_job(3, tenant="a", item={"filename": "photo of tenant A"})
    ours = make_job(1, tenant="b", item={"filename": "photo of tenant B"})
    assert ours.id in theirs.items  # so that the number in B's question fits A's as well

    def ask_a(connection: Connection) -> str | None:
        return connection.scalar(select(Item.filename).where(Item.id == theirs.items[0]))

    def ask_b(connection: Connection) -> str | None:
        return connection.scalar(select(Item.filename).where(Item.job_id == ours.id))

    with pooled.connect() as a, pooled.connect() as b:
        for _ in range(USES):  # both at once: each on a server connection of its own
            ask_a(a)
            ask_b(b)
        b.commit()
        a.commit()  # what A used was freed last, so PgBouncer gives it to the next that asks
        seen = []
        for _ in range(ROUNDS):
            seen.append(ask_b(b))
            b.commit()
    assert seen == ["photo of tenant B"] * ROUNDS


def test_the_limits_of_time_are_those_of_the_role(pooled: Engine) -> None:
    with pooled.connect() as connection:
        limits = [
            connection.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "idle_in_transaction_session_timeout")
        ]
    assert limits == ["10s", "10s"]
