"""Postgres from its wheel: whom it runs as, and what it makes of a crash."""

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local.console import Console
from infra.local.errors import AlreadyRunningError
from infra.local.identity import Identity, choose_identity, namespace_identity, nobody_identity
from infra.local.ports import PortBook
from infra.local.postgres import Postgres
from infra.local.processes import Supervisor


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(logs=tmp_path, console=Console(io.StringIO()))
    yield supervisor
    supervisor.stop()


@pytest.fixture
def port() -> Iterator[int]:
    with PortBook() as book:
        yield book.take()


def build(tmp_path: Path, *, port: int, identity: Identity) -> Postgres:
    return Postgres(
        tmp_path / "postgres", port=port, password="made-up", identity=identity, durable=False
    )


def connect(postgres: Postgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True)


def usable_identities() -> list[Identity]:
    """Every way open to this user: one for a plain user, up to two for root."""
    if os.geteuid() != 0:
        return [Identity()]
    return [way for way in (namespace_identity(), nobody_identity()) if way.works()]


class TestIdentity:
    @pytest.mark.parametrize("identity", usable_identities(), ids=lambda way: str(way.owner))
    def test_reaches_a_program_below_a_private_folder(
        self, tmp_path: Path, identity: Identity
    ) -> None:
        """As initdb does, by access(2), in a clone below /root (mode 0700)."""
        private = tmp_path / "private"
        private.mkdir(mode=0o700)
        program = private / "postgres"
        program.touch(mode=0o755)
        found = subprocess.run([*identity.wrapper, "test", "-x", program], check=False)
        assert found.returncode == 0

    @pytest.mark.parametrize("identity", usable_identities(), ids=lambda way: str(way.owner))
    def test_serves_and_is_not_root(
        self, tmp_path: Path, supervisor: Supervisor, port: int, identity: Identity
    ) -> None:
        postgres = build(tmp_path, port=port, identity=identity)
        supervisor.start(postgres.program())
        postgres.ensure_database()
        with connect(postgres) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("hfer",)

    def test_data_is_closed_to_others(
        self, tmp_path: Path, supervisor: Supervisor, port: int
    ) -> None:
        postgres = build(tmp_path, port=port, identity=choose_identity())
        supervisor.start(postgres.program())
        assert (tmp_path / "postgres").stat().st_mode & 0o077 == 0

    def test_wants_the_password(self, tmp_path: Path, supervisor: Supervisor, port: int) -> None:
        postgres = build(tmp_path, port=port, identity=choose_identity())
        supervisor.start(postgres.program())
        postgres.ensure_database()
        url = postgres.url.replace("+psycopg", "").replace("made-up", "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url)


class TestCrash:
    def test_acknowledged_rows_survive_a_kill(
        self, tmp_path: Path, supervisor: Supervisor, port: int
    ) -> None:
        postgres = build(tmp_path, port=port, identity=choose_identity())
        supervisor.start(postgres.program())
        postgres.ensure_database()
        with connect(postgres) as connection:
            connection.execute("CREATE TABLE t (n int)")
            connection.execute("INSERT INTO t SELECT generate_series(1, 100)")
        supervisor.children["postgres"].kill()
        supervisor.restart("postgres")
        with connect(postgres) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (100,)

    def test_the_lock_of_a_dead_server_is_removed(
        self, tmp_path: Path, supervisor: Supervisor, port: int
    ) -> None:
        postgres = build(tmp_path, port=port, identity=choose_identity())
        supervisor.start(postgres.program())
        supervisor.stop("postgres")
        # A living process that is no server of this folder: pids come round again.
        (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
        supervisor.start(postgres.program())
        assert psutil.pid_exists(supervisor.children["postgres"].pid)

    def test_the_lock_of_a_living_server_is_respected(
        self, tmp_path: Path, supervisor: Supervisor, port: int
    ) -> None:
        postgres = build(tmp_path, port=port, identity=choose_identity())
        supervisor.start(postgres.program())
        with pytest.raises(AlreadyRunningError, match=str(supervisor.children["postgres"].pid)):
            postgres.prepare()
