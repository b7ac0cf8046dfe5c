"""infra/postgres/roles.sql run by who is no superuser, on an installation that had no roles."""

import io
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.local.console import Console
from infra.local.identity import choose_identity
from infra.local.ports import PortBook
from infra.local.postgres import USER, Postgres
from infra.local.processes import Supervisor
from services.common.db.grants import Role
from services.common.db.migrations import migrate
from tests.fixtures.as_role import OWNER, make_roles, url_as


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A server of its own: roles belong to all databases of a server."""
    supervisor = Supervisor(logs=tmp_path, console=Console(io.StringIO(), verbose=False))
    with PortBook() as book:
        server = Postgres(
            tmp_path / "postgres",
            port=book.take(),
            password="made-up",
            identity=choose_identity(),
            durable=False,
        )
        supervisor.start(server.program())
        server.ensure_database()
        yield server
        supervisor.stop()


def ask(url: str, query: str) -> object:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def test_an_owner_who_may_make_roles_hands_its_tables_over(postgres: Postgres) -> None:
    migrate(postgres.url)  # without roles the migration grants to nobody
    with psycopg.connect(
        postgres.superuser_url.replace("+psycopg", ""), autocommit=True
    ) as connection:
        connection.execute(f"ALTER ROLE {USER} CREATEROLE".encode())
    for _ in range(2):
        make_roles(postgres.url)
        migrate(url_as(postgres.url, OWNER))
    assert ask(url_as(postgres.url, Role.API), "SELECT count(*) FROM api_key") == 0
    owner = "SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'"
    assert ask(postgres.url, owner) == OWNER
    # Who goes back to the version before finds the URL of before working.
    assert ask(postgres.url, "SELECT count(*) FROM job") == 0
