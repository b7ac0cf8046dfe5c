"""Postgres, Redis and S3 in one folder, with the settings that reach them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.local.identity import Identity, choose_identity
from infra.local.ports import LOOPBACK
from infra.local.postgres import Postgres
from infra.local.processes import Program, Supervisor
from infra.local.redis import Redis
from infra.local.s3 import S3
from infra.local.state import State

BUCKET = "hfer"
SERVERS = ("postgres", "redis", "s3")


@dataclass(frozen=True, slots=True)
class Executables:
    """Other versions than those of the wheels: a folder for Postgres, a program for Redis."""

    postgres: Path | None = None
    redis: Path | None = None


OF_WHEELS = Executables()


class Servers:
    """The three servers of a stack; any of them can run without the others.

    Args:
        folder: their data lies below it.
        state: their secrets and ports.
        supervisor: runs them.
        identity: whom Postgres runs as; chosen by what the machine allows when None.
        durable: False skips fsync and orderly ends, for tests.
        host: address that all of them listen on. Redis and S3 speak without TLS:
            go beyond loopback only on a network that is closed, such as one of namespaces.
        executables: what runs as Postgres and Redis.
    """

    def __init__(
        self,
        folder: Path,
        *,
        state: State,
        supervisor: Supervisor,
        identity: Identity | None = None,
        durable: bool = True,
        host: str = LOOPBACK,
        executables: Executables = OF_WHEELS,
    ) -> None:
        self._supervisor = supervisor
        secrets, ports = state.secrets, state.ports
        self.postgres = Postgres(
            folder / "postgres",
            port=ports["postgres"],
            password=secrets["postgres"],
            identity=identity or choose_identity(),
            durable=durable,
            host=host,
            programs=executables.postgres,
        )
        self.redis = Redis(
            folder / "redis",
            port=ports["redis"],
            password=secrets["redis"],
            admin_password=secrets["redis_admin"],
            host=host,
            program=executables.redis,
        )
        self.s3 = S3(
            folder / "s3",
            ports=ports,
            access_key=secrets["s3_access"],
            secret_key=secrets["s3_secret"],
            durable=durable,
            host=host,
        )
        self.environment = {
            "HFER_DATABASE__URL": self.postgres.url,
            "HFER_BROKER__URL": self.redis.url,
            "HFER_STORAGE__ENDPOINT": self.s3.endpoint,
            "HFER_STORAGE__ACCESS_KEY": secrets["s3_access"],
            "HFER_STORAGE__SECRET_KEY": secrets["s3_secret"],
            "HFER_STORAGE__BUCKET": BUCKET,
            "HFER_STORAGE__SECURE": "false",
        }

    def start(self, names: Iterable[str] = SERVERS) -> None:
        """Start the named servers side by side and wait until they answer."""
        wanted = tuple(names)
        self._supervisor.start(*(self._programs()[name] for name in wanted))
        if "postgres" in wanted:
            self.postgres.ensure_database()

    def stop(self) -> None:
        """Stop those that run: S3, then Redis, then Postgres."""
        self._supervisor.stop(*SERVERS)
        self.s3.clear_sockets()

    def _programs(self) -> dict[str, Program]:
        servers = (self.postgres, self.redis, self.s3)
        return {program.name: program for program in (server.program() for server in servers)}
