"""The whole stack as processes, once per session, and the real command line against it."""

import functools
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.local.apps import app_programs
from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack, storage_settings
from services.common.storage import build_storage
from services.common.storage_keys import PHOTOS
from tests.e2e.photos import sample_paths

REPOSITORY = Path(__file__).parents[2]
COMMAND_S = 240
KILLER = Path(__file__).with_name("kill_at_put.py")


@dataclass(frozen=True)
class Cli:
    """Runs ``hfer`` as users do: a process of its own that sees the client package only."""

    url: str
    key: str
    folder: Path

    def run(self, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; ``code`` is the exit code that it must have."""
        done = subprocess.run(
            self._argv(arguments),
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a command whose stderr the test reads.

        It listens to Ctrl-C even where the tests do not: a shell script's background jobs, and
        whatever they start, are born with SIGINT ignored.
        """
        return subprocess.Popen(
            ["env", "--default-signal=INT", *self._argv(arguments)],
            env=self.environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_killed_at_put(self, put: int, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command that is killed by SIGKILL when it begins its ``put``-th PUT."""
        return subprocess.run(
            [sys.executable, KILLER, str(put), *map(str, arguments)],
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    def with_key(self, key: str) -> "Cli":
        return replace(self, key=key)

    def with_url(self, url: str) -> "Cli":
        return replace(self, url=url)

    def _argv(self, arguments: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "hfer", *map(str, arguments)]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "client" / "src"),
            "HFER_URL": self.url,
            "HFER_API_KEY": self.key,
            "XDG_STATE_HOME": str(self.folder / ".state"),
            "NO_PROXY": "127.0.0.1",
        }


def stored_photos(stack: LocalStack) -> int:
    """How many objects of photos there are."""
    return sum(1 for _ in build_storage(storage_settings(stack.environment)).list(PHOTOS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last what leaves the stack spoilt: requests of all kinds."""
    items.sort(key=lambda item: item.path.name == "test_schemathesis.py")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def photo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server on loopback that has two photos."""
    folder = tmp_path_factory.mktemp("www")
    for name, path in zip(("a.jpg", "b.jpg"), sample_paths(), strict=False):
        (folder / name).write_bytes(path.read_bytes())
    handler = functools.partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def stack(photo_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Postgres, Redis, S3, the API, maintenance and a worker with the shipped model.

    It may fetch photos from that server, and from its own S3 server.
    """
    folder = tmp_path_factory.mktemp("stack")
    with local_stack(folder, console=Console(io.StringIO(), verbose=False)) as stack:
        addresses = (photo_server, storage_settings(stack.environment).endpoint)
        ports = [int(address.rpartition(":")[2]) for address in addresses]
        stack.environment |= {
            "HFER_FETCH__ALLOW_HTTP": "true",
            "HFER_FETCH__PORTS": json.dumps([80, 443, *ports]),
            "HFER_FETCH__ALLOW_NETWORKS": '["127.0.0.0/8", "::1/128"]',
        }
        stack.start_servers()
        stack.start_apps()
        yield stack


@dataclass(frozen=True)
class Door:
    """One more API process, with hfer's interface."""

    name: str
    url: str


def open_door(stack: LocalStack, name: str, port: int, **settings: str) -> Door:
    """Start one; its name in the supervisor is ``name``."""
    url = f"http://127.0.0.1:{port}"
    environment = {
        **stack.environment,
        "HFER_API__PORT": str(port),
        "HFER_COMPAT__ENABLED": "true",
        **settings,
    }
    api = next(program for program in app_programs(environment, url=url) if program.name == "api")
    stack.supervisor.start(replace(api, name=name))
    return Door(name, url)


@pytest.fixture(scope="module")
def module_cli(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """For jobs that several tests of a module look at."""
    return Cli(url=stack.url, key=stack.tenant_key(), folder=tmp_path_factory.mktemp("cli"))


@pytest.fixture
def cli(stack: LocalStack, tmp_path: Path) -> Cli:
    return Cli(url=stack.url, key=stack.tenant_key(), folder=tmp_path)
