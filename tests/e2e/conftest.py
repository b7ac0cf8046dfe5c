"""The whole stack as processes, once per session, and the real command line against it."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack, storage_settings
from services.common.storage import build_storage
from services.common.storage_keys import PHOTOS

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


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Postgres, Redis, S3, the API, maintenance and a worker with the shipped model."""
    folder = tmp_path_factory.mktemp("stack")
    with local_stack(folder, console=Console(io.StringIO(), verbose=False)) as stack:
        stack.start_servers()
        stack.start_apps()
        yield stack


@pytest.fixture(scope="module")
def module_cli(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """For jobs that several tests of a module look at."""
    return Cli(url=stack.url, key=stack.tenant_key(), folder=tmp_path_factory.mktemp("cli"))


@pytest.fixture
def cli(stack: LocalStack, tmp_path: Path) -> Cli:
    return Cli(url=stack.url, key=stack.tenant_key(), folder=tmp_path)
