"""Each role of Postgres may do its process's work and no more.

That the work passes is shown by the tests of the processes, which run as their roles (`settings_as`
and `sessions_as`); here stands what is refused, and how roles and privileges come about.
"""

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from services.common.db.base import Base
from services.common.db.grants import GRANTS, Role
from services.common.db.migrations import migrate
from tests.fixtures.as_role import OWNER, PASSWORD, make_roles, url_as

ANY_ROLE = (
    "DROP TABLE outcome",
    "ALTER TABLE job ADD COLUMN stray int",
    "CREATE TABLE stray ()",
    "TRUNCATE job CASCADE",
    f"SET ROLE {OWNER}",
    "SELECT pg_read_file('/etc/passwd')",
    "UPDATE alembic_version SET version_num = '0001'",
    "UPDATE outcome SET ok = true",
    "UPDATE audit SET action = 'none'",
)
KEYS = "SELECT secret_hash FROM api_key"
OF_ROLE = {
    Role.API: (
        "DELETE FROM api_key",
        "INSERT INTO worker DEFAULT VALUES",
        "DELETE FROM erasure",
        "UPDATE audit SET problem = NULL",
        "DELETE FROM audit",
        "UPDATE face_review SET answer = 'fear'",
        "DELETE FROM face_review",
        "TRUNCATE audit",
        "INSERT INTO audit (at, action, key_id, key_name, tenant) VALUES (now(), '', '', '', '')",
    ),
    Role.WORKER: (
        KEYS,
        "SELECT secret FROM webhook_endpoint",
        "UPDATE job SET tenant = 'another'",
        "UPDATE item SET object_key = 'another'",
        "DELETE FROM job",
        "SELECT payload FROM outcome",
        "SELECT * FROM webhook_attempt",
    ),
    Role.INGEST: (
        KEYS,
        "SELECT secret FROM webhook_endpoint",
        "SELECT payload FROM outcome",
        "SELECT * FROM model",
        "UPDATE job SET tenant = 'another'",
        "DELETE FROM item",
    ),
    Role.MAINTENANCE: (
        KEYS,
        "SELECT former_hash FROM api_key",
        "UPDATE api_key SET expires_at = NULL",
        "INSERT INTO job DEFAULT VALUES",
        "UPDATE webhook_endpoint SET url = 'https://another.example'",
        "UPDATE model SET active = false",
        "UPDATE audit SET problem = NULL",
        "INSERT INTO audit (action, key_id, key_name, tenant) VALUES ('', '', '', '')",
    ),
}


@pytest.mark.parametrize(
    ("role", "statement"),
    [(role, statement) for role in Role for statement in (*ANY_ROLE, *OF_ROLE[role])],
)
def test_what_is_not_its_own_is_refused(database_url: str, role: Role, statement: str) -> None:
    url = url_as(database_url, role).replace("+psycopg", "")
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_every_table_is_spoken_for() -> None:
    """A new table belongs to some process, and no process names one that is no more."""
    named = {table for grants in GRANTS.values() for table in grants}
    assert named == Base.metadata.tables.keys()


def test_no_role_may_make_others(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls"
                " FROM pg_roles WHERE rolname LIKE 'hfer\\_%'"
            )
        ).all()
    assert {(OWNER, False), *((role.value, False) for role in Role)} <= {
        (row[0], row[1]) for row in found
    }


def test_what_a_version_no_longer_needs_is_taken_back(database_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"GRANT DELETE ON api_key TO {Role.API}"))
    migrate(url_as(database_url, OWNER))
    api = create_engine(url_as(database_url, Role.API))
    with api.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("DELETE FROM api_key"))
    api.dispose()


def test_tables_of_an_older_version_are_handed_to_the_owner(empty_database_url: str) -> None:
    migrate(empty_database_url)  # as it was: by whom everything belongs to
    make_roles(empty_database_url)
    migrate(url_as(empty_database_url, OWNER))
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        owners = connection.execute(
            text(
                "SELECT DISTINCT relowner::regrole::text FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
            )
        )
        assert owners.scalars().all() == [OWNER]
    engine.dispose()


def test_a_password_is_changed_by_running_the_script_again(database_url: str) -> None:
    assert PASSWORD not in make_roles(database_url)
    make_roles(database_url, password="of-the-next-month")
    try:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url_as(database_url, Role.API).replace("+psycopg", ""))
        new = url_as(database_url, Role.API, password="of-the-next-month")
        psycopg.connect(new.replace("+psycopg", "")).close()
    finally:
        make_roles(database_url)
