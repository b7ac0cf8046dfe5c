"""Docker and Compose as the check calls them: each call bounded, each failure with its output."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.compose_check.rows import CheckError

# Of a failed command's output, what is shown.
TAIL_LINES = 30
QUICK_S = 300.0


def docker(*arguments: str, within_s: float = QUICK_S, env: Mapping[str, str] | None = None) -> str:
    """Run a docker command and return what it printed on stdout.

    Raises:
        CheckError: it failed, or took longer than ``within_s``.
    """
    said = " ".join(("docker", *arguments))
    try:
        # A session of its own: Ctrl-C reaches the check alone, which then cleans up.
        done = subprocess.run(
            ["docker", *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckError(f"not done within {within_s:.0f} s\n{said}") from error
    if done.returncode:
        told = (done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:]
        last = told[-1] if told else ""
        raise CheckError("\n".join([f"exit code {done.returncode}: {last}", said, *told]))
    return done.stdout


@dataclass(frozen=True)
class Container:
    """One container of a project, as ``compose ps`` shows it."""

    id: str
    name: str
    service: str
    state: str
    health: str
    exit_code: int

    def fault(self, *, once: bool) -> str:
        """Return what is not as it should be; ``once``: it runs to its end and stays there."""
        if once:
            good = self.state == "exited" and self.exit_code == 0
            return "" if good else f"{self.name} {self.state} ({self.exit_code})"
        good = self.state == "running" and self.health in ("healthy", "")
        return "" if good else f"{self.name} {self.state} {self.health}".rstrip()


def read_ps(text: str) -> list[Container]:
    """Return the containers of ``compose ps --format json``: a list, or a line each (from 2.21)."""
    listed = text.lstrip().startswith("[")
    items = json.loads(text) if listed else [json.loads(line) for line in text.splitlines()]
    return [
        Container(
            item["ID"],
            item["Name"],
            item["Service"],
            item["State"],
            item.get("Health", ""),
            item.get("ExitCode", 0),
        )
        for item in items
    ]


class Project:
    """A Compose project of the check: its name, its secrets, its files.

    Args:
        name: of the project; its containers, volumes and networks carry it.
        env_file: the secrets and settings.
        files: compose files; paths in them are from the first one's folder.
        env: environment of Compose, without what would stand above ``env_file``.
    """

    def __init__(
        self, name: str, *, env_file: Path, files: Sequence[Path], env: Mapping[str, str]
    ) -> None:
        self.name = name
        self._env = env
        self._head = ["compose", "--project-name", name, "--env-file", str(env_file)]
        for file in files:
            self._head += ["--file", str(file)]

    def compose(self, *arguments: str, within_s: float = QUICK_S) -> str:
        """Run a Compose command on the project and return what it printed on stdout."""
        return docker(*self._head, *arguments, within_s=within_s, env=self._env)

    def config(self) -> dict[str, Any]:
        """Return the project as Compose understands it."""
        config: dict[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return config

    def containers(self) -> list[Container]:
        """Return its containers, those that have ended too."""
        return read_ps(self.compose("ps", "--all", "--format", "json"))

    def wait_healthy(self, *, within_s: float) -> str:
        """Wait until all that stays is healthy and all that runs once has ended well.

        Raises:
            CheckError: somebody is not, ``within_s`` seconds later.
        """
        services = self.config()["services"]
        once = {name for name, told in services.items() if "on-failure" in told.get("restart", "")}

        def faults() -> str:
            found = self.containers()
            missing = set(services) - {each.service for each in found}
            wrong = [each.fault(once=each.service in once) for each in found]
            return ", ".join([*sorted(missing), *filter(None, wrong)])

        until(lambda: not faults(), within_s=within_s, what=faults)
        return f"{len(self.containers())} containers"

    def diagnosis(self) -> str:
        """Return how its containers stand, and the last that those said which are not well."""
        wrong = [each for each in self.containers() if each.fault(once=each.state == "exited")]
        said = [
            self.compose("logs", "--no-color", "--tail", str(TAIL_LINES), each.service)
            for each in wrong
        ]
        return "\n".join([self.compose("ps", "--all"), *said])

    def down(self) -> None:
        """Remove its containers, networks and volumes, whatever state they are in."""
        # The volume of the backups is its own only where its profile is on.
        told = ("--profile", "backup", "down", "--volumes", "--remove-orphans", "--timeout", "20")
        self.compose(*told, within_s=QUICK_S)

    def leftovers(self) -> list[str]:
        """Return what the engine still has of it."""
        mine = f"label=com.docker.compose.project={self.name}"
        kinds = (("ps", "-a"), ("volume", "ls"), ("network", "ls"))
        return [line for kind in kinds for line in docker(*kind, "-q", "--filter", mine).split()]


def until(holds: Callable[[], bool], *, within_s: float, what: Callable[[], str]) -> None:
    """Wait until something holds.

    Raises:
        CheckError: it does not, ``within_s`` seconds later; ``what`` says what is missing.
    """
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise CheckError(f"not within {within_s:.0f} s: {what()}")
        time.sleep(1)
