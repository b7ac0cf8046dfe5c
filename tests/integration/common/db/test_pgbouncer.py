"""Behind PgBouncer, in both modes; in transaction mode each transaction may get another connection.

Before 1.21 it knows nothing of prepared statements, and psycopg numbers them per connection:
``_pg3_0`` of the server connection that a client is given may be another client's statement.
"""

from collections.abc import Iterator

import pytest
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.exc import OperationalError

from services.common.config import DatabaseSettings
from services.common.db.connections import DatabaseUnfitError
from services.common.db.session import build_engine
from services.common.db.tables import Item
from tests.fixtures.factories import JobMaker
from tests.fixtures.serving import StartApi
from tests.fixtures.settings import SettingsMaker

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


def test_a_statement_ends_at_the_limit_of_the_settings(pooled_url: str) -> None:
    """PgBouncer takes no limits at the start of a connection."""
    settings = {"url": pooled_url, "statement_timeout_ms": 150}
    engine = build_engine(DatabaseSettings.model_validate(settings))
    for _ in range(ROUNDS):  # on whichever server connection
        with pytest.raises(OperationalError) as caught, engine.begin() as connection:
            connection.execute(text("SELECT pg_sleep(60)"))
        assert isinstance(caught.value.orig, QueryCanceled)
    engine.dispose()


def test_an_idle_transaction_has_its_limit(pooled: Engine) -> None:
    with pooled.connect() as connection:
        limit = connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
    assert limit == "10s"


def test_the_limits_stay_off_the_connections_of_others(pooled: Engine, pooled_url: str) -> None:
    with pooled.begin() as connection:
        ours = connection.scalar(text("SHOW statement_timeout"))
    pooled.dispose()
    plain = create_engine(pooled_url)
    with plain.connect() as connection:
        theirs = connection.scalar(text("SHOW statement_timeout"))
    plain.dispose()
    assert (ours, theirs) == ("10s", "0")


def test_prepared_statements_are_refused(pooled_url: str) -> None:
    settings = {"url": pooled_url, "prepared_statements": True}
    engine = build_engine(DatabaseSettings.model_validate(settings))
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    assert isinstance(caught.value.orig, DatabaseUnfitError)
    assert "HFER_DATABASE__PREPARED_STATEMENTS=false" in caught.value.orig.detail


def test_the_service_is_red_and_says_what_to_change(
    pooled_url: str, start_api: StartApi, make_settings: SettingsMaker
) -> None:
    api = start_api(make_settings(database={"url": pooled_url, "prepared_statements": True}))
    response = api.anonymous().get("/readyz")
    assert response.status_code == 503
    check = response.json()["checks"]["database"]
    assert not check["ok"]
    assert "HFER_DATABASE__PREPARED_STATEMENTS=false" in check["detail"]
