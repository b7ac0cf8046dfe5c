"""Alembic's migrations against the models."""

from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from services.common.db.migrations import alembic_config, migrate
from services.common.db.tables import Base

_MADE_JOBS = text("""
    INSERT INTO job (public_id, tenant, status, priority, options, labels)
    SELECT gen_random_uuid(), 'acme', 'queued', 0, '{}', '{}' FROM generate_series(1, :jobs)
""")


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def schema(url: str) -> list[tuple[object, ...]]:
    """Columns, constraints, indexes and storage options as Postgres itself tells them."""
    queries = (
        (
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        ),
        (
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        ),
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        (
            "SELECT relname, reloptions::text FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ),
    )
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.execute(text(query))]
    engine.dispose()
    return sorted((row for row in rows if "alembic_version" not in row[0]), key=repr)


class TestUpgrade:
    def test_builds_what_the_models_say(self, database_url: str) -> None:
        command.check(alembic_config(database_url))

    def test_equals_create_all(self, database_url: str, empty_database_url: str) -> None:
        engine = create_engine(empty_database_url)
        Base.metadata.create_all(engine)
        engine.dispose()
        assert schema(database_url) == schema(empty_database_url)

    def test_a_second_time_changes_nothing(self, database_url: str) -> None:
        before = schema(database_url)
        migrate(database_url)
        assert schema(database_url) == before


class TestWholeBucket:
    """Revision 0012 has what lies in the bucket looked through, where something may lie there."""

    @pytest.mark.parametrize(
        ("jobs", "listed"), [(0, []), (1, ["annotated/", "photos/"])], ids=["new", "in use"]
    )
    def test_is_listed_where_there_are_jobs(
        self, database_url: str, jobs: int, listed: list[str]
    ) -> None:
        command.downgrade(alembic_config(database_url), "0011")
        engine = create_engine(database_url)
        with engine.begin() as connection:
            connection.execute(_MADE_JOBS, {"jobs": jobs})
        migrate(database_url)
        with engine.connect() as connection:
            query = "SELECT prefix FROM doomed_prefix WHERE doomed_at > now() ORDER BY prefix"
            assert list(connection.scalars(text(query))) == listed
        engine.dispose()


class TestDowngrade:
    def test_to_nothing_and_up_again_gives_the_same(self, database_url: str) -> None:
        before = schema(database_url)
        command.downgrade(alembic_config(database_url), "base")
        assert tables(database_url) == {"alembic_version"}
        migrate(database_url)
        assert schema(database_url) == before


class TestEnvironment:
    def test_takes_the_url_from_the_environment(
        self, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HFER_DATABASE__URL", empty_database_url)
        config = alembic_config("")
        command.upgrade(config, "head")
        assert "job" in tables(empty_database_url)

    def test_prints_sql_without_a_database(self, capsys: pytest.CaptureFixture[str]) -> None:
        command.upgrade(alembic_config(""), "head", sql=True)
        assert "CREATE TABLE item" in capsys.readouterr().out


class TestHistory:
    def test_has_one_head(self) -> None:
        assert len(ScriptDirectory.from_config(alembic_config("")).get_heads()) == 1

    def test_every_migration_limits_its_wait_for_locks(self) -> None:
        history = ScriptDirectory.from_config(alembic_config(""))
        for revision in history.walk_revisions():
            source = Path(revision.path).read_text()
            assert source.count("SET LOCAL lock_timeout = '5s'") == 2, revision.path
