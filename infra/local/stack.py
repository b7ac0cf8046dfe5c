"""The whole service in one folder: servers, schema, bucket, and our processes on top."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from infra.local import apps
from infra.local.console import Console
from infra.local.http import answers, post_json
from infra.local.lock import FolderLock
from infra.local.ports import LOOPBACK, PortBook
from infra.local.processes import Supervisor
from infra.local.servers import OF_WHEELS, Executables, Servers
from infra.local.state import State
from infra.local.user_settings import Choice, SettingsFile, choose
from services.common.config import StorageSettings
from services.common.db.migrations import migrate
from services.common.storage import build_storage

WATCH_S = 0.2
_TENANT = "local"


class LocalStack:
    """A running stack. `local_stack` makes it; tests kill and restart its parts by name.

    Attributes:
        url: of the API.
        environment: every setting of it, by name of the environment variable.
        web_url: of the page.
        supervisor: its children: postgres, redis, s3, maintenance, worker, api, web.
        servers: the three servers, with their URLs.
    """

    def __init__(
        self,
        folder: Path,
        *,
        state: State,
        supervisor: Supervisor,
        console: Console,
        overrides: Mapping[str, str],
        executables: Executables = OF_WHEELS,
    ) -> None:
        self._folder = folder
        self._state = state
        self._console = console
        self._file = SettingsFile(folder)
        self.supervisor = supervisor
        self.servers = Servers(folder, state=state, supervisor=supervisor, executables=executables)
        self.url = f"http://{LOOPBACK}:{state.ports['api']}"
        self.web_url = f"http://{LOOPBACK}:{state.ports['web']}"
        self._chosen = self._choose()
        self.environment = {**self._chosen.settings, **overrides}

    def _choose(self) -> Choice:
        ports, secrets = self._state.ports, self._state.secrets
        return choose(
            own={
                **self.servers.environment,
                **apps.addresses(api_port=ports["api"], web_port=ports["web"]),
            },
            defaults=apps.defaults(
                admin_key=secrets["admin_key"],
                webhook_key=secrets["webhook_key"],
                receipt_key=secrets["receipt_key"],
            ),
            edits=self._file.edits(),
            environment=os.environ,
        )

    @property
    def admin_key(self) -> str:
        """API key that may do everything."""
        return self.environment["HFER_API__ADMIN_KEY"]

    def start_servers(self) -> None:
        """Start the servers, bring the schema up to date and make the bucket."""
        for sentence in self._chosen.ignored:
            self._console.say(sentence)
        self.servers.start()
        migrate(self.servers.postgres.url)
        build_storage(storage_settings(self.environment)).ensure_bucket()
        self.write_environment()

    def start_apps(self) -> None:
        """Start our processes and wait until the whole service is ready."""
        self.supervisor.start(*apps.app_programs(self.environment, url=self.url))

    def start_web(self) -> None:
        """Start the page on top of the running service, and wait until it answers."""
        self.supervisor.start(
            apps.web_program(
                self.environment,
                url=self.web_url,
                key=self.tenant_key(),
                admin_key=self.admin_key,
            )
        )

    def tenant_key(self) -> str:
        """Return an API key for everyday use; the first call asks the API for it."""
        known = self._state.tenant_key
        if known is None or not answers(f"{self.url}/v1/jobs?limit=1", key=known):
            scopes = ["jobs:write", "jobs:read", "review"]
            body = {"tenant": _TENANT, "name": "local", "scopes": scopes}
            known = post_json(f"{self.url}/v1/api-keys", body, key=self.admin_key)["secret"]
            self._state = replace(self._state, tenant_key=known)
            self._state.save(state_file(self._folder))
            self.write_environment()
        return known

    def watch(self) -> None:
        """Return never: raise `ChildDiedError` when a child ends by itself."""
        while True:
            if child := self.supervisor.dead():
                raise child.death()
            time.sleep(WATCH_S)

    def write_environment(self) -> None:
        """Write all settings to ``env`` for shells: ``set -a; . .local/env``."""
        lines = {**self.environment, "HFER_URL": self.url}
        if self._state.tenant_key:
            lines["HFER_API_KEY"] = self._state.tenant_key
        self._file.write(lines, edits=self._chosen.edits)


@contextmanager
def local_stack(
    folder: Path,
    *,
    console: Console,
    wanted_ports: Mapping[str, int] | None = None,
    overrides: Mapping[str, str] | None = None,
    executables: Executables = OF_WHEELS,
) -> Iterator[LocalStack]:
    """Hold the folder, its secrets and free ports; whatever was started ends with the block.

    Args:
        folder: durable home of the data; a second stack in it is refused.
        console: where the children's lines go.
        wanted_ports: ports to take when free and not remembered, for example ``{"api": 8000}``.
        overrides: environment variables for our processes, above all others.
        executables: what runs as Postgres and Redis.
    """
    folder = folder.absolute()  # children have working folders of their own
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs = folder / "logs"
    with FolderLock(folder / "lock") as lock, PortBook() as book:
        logs.mkdir(mode=0o700, exist_ok=True)
        for old in logs.glob("*.log"):
            old.unlink()
        state = State.load(state_file(folder)) or State.new()
        state = state.with_free_ports(book, wanted=wanted_ports)
        state.save(state_file(folder))
        supervisor = Supervisor(logs=logs, console=console, keep_fds=(lock.fileno(),))
        stack = LocalStack(
            folder,
            state=state,
            supervisor=supervisor,
            console=console,
            overrides=overrides or {},
            executables=executables,
        )
        try:
            yield stack
        finally:
            supervisor.stop()
            stack.servers.s3.clear_sockets()


def storage_settings(environment: Mapping[str, str]) -> StorageSettings:
    """Read the storage's settings from variables as `Servers.environment` has them."""
    head = "HFER_STORAGE__"
    return StorageSettings.model_validate(
        {
            name.removeprefix(head).lower(): value
            for name, value in environment.items()
            if name.startswith(head)
        }
    )


def state_file(folder: Path) -> Path:
    """Return where a stack keeps its secrets and ports."""
    return folder / "state.json"
