"""The rows themselves, over one installation and a second one that its backup is restored into."""

import os
import re
import secrets
import socket
import subprocess
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # no types

from infra.docker.compose_rules import refused
from scripts.compose_check.compose import Project, docker, until
from scripts.compose_check.crashes import crash_each, in_order
from scripts.compose_check.measures import Memory, sizes
from scripts.compose_check.page import analyse
from scripts.compose_check.rows import CheckError, Step
from scripts.compose_check.service import (
    Cli,
    check_answered,
    make_key,
    unready,
    version,
    write_copies,
)

REPOSITORY = Path(__file__).resolve().parents[2]
# Bounds in seconds, for a slow and busy machine: of a build with nothing cached, of a start that
# pulls, of coming up.
BUILD_S, START_S, HEALTHY_S = 3600.0, 1200.0, 600.0
BACKUP = "/backups/check"
# What would stand above the file of secrets, were it left in the environment.
_SETTINGS = re.compile(
    r"(HFER|POSTGRES|REDIS|GRAFANA|COMPOSE)_|MINIO_\w*PASSWORD|(API|WEB)_PUBLISH|BACKUPS$|WORKER_"
)
# The restored installation reads the backup where the first has left it.
_SAME_BACKUPS = "volumes: {{backups: {{external: true, name: {name}_backups}}}}\n"


class Check:
    """One run of the check.

    Args:
        work: a folder that is ours alone.
        photos: how many the job has during which containers are killed.
        images: ``HFER_IMAGES`` and ``HFER_TAG`` of images to check; None builds them, and removes
            them at the end.
    """

    def __init__(self, work: Path, *, photos: int, images: tuple[str, str] | None = None) -> None:
        self._work = work
        self._samples = sorted((REPOSITORY / "samples").glob("*.jpg"))
        self._photos = photos
        self._memory = Memory()
        self._results: dict[str, dict[str, str]] = {}
        told = os.environ.get("COMPOSE_FILE", "docker-compose.yml")
        self._files = [REPOSITORY / file for file in told.split(":")]
        name = f"hfer-check-{secrets.token_hex(3)}"
        self._builds = images is None
        self._images, self._tag = images or (name, "check")
        self._env_file = work / ".env"
        self._api, self._web = (f"127.0.0.1:{port}" for port in free_ports(2))
        self._first = self._project(name)
        (work / "same-backups.yml").write_text(_SAME_BACKUPS.format(name=name))
        self._restored = self._project(f"{name}-restored", work / "same-backups.yml")

    def _project(self, name: str, *overlays: Path) -> Project:
        env = {key: value for key, value in os.environ.items() if not _SETTINGS.match(key)}
        files = [*self._files, *overlays]
        return Project(name, env_file=self._env_file, files=files, env=env)

    def steps(self) -> Sequence[Step]:
        """Return the rows in their order."""
        return [
            ("rules", self._keep_rules),
            ("secrets", self._write_secrets),
            ("build", self._build) if self._builds else ("pull", self._pull),
            ("up", lambda: self._up(self._first)),
            ("healthy", lambda: self._healthy(self._first)),
            ("key", self._make_key),
            ("samples by the command line", self._analyse_samples),
            ("page in Chromium", self._use_page),
            (f"each container killed, {self._photos} photos", self._crash_all),
            ("backup", self._back_up),
            ("restore into a fresh project", self._restore),
            ("up from the backup", lambda: self._up(self._restored)),
            ("healthy again", lambda: self._healthy(self._restored)),
            ("results are those of before", self._compare),
            ("down", self._down),
        ]

    def measurements(self) -> str:
        """Return memory and sizes as far as they were taken."""
        return f"{self._memory.table()}\n\n{sizes(self._built())}"

    def diagnosis(self) -> str:
        """Return what the containers of both projects say, if any were made."""
        if not self._env_file.exists():
            return ""
        return "\n".join(project.diagnosis() for project in (self._first, self._restored))

    def clean_up(self) -> None:
        """Remove whatever the engine has of it; before the secrets are written there is nothing."""
        if not self._env_file.exists():
            return
        for project in (self._restored, self._first):
            project.down()
        if self._builds:
            for image in self._built():
                docker("image", "rm", image)

    def _built(self) -> list[str]:
        form = ("--format", "{{.Repository}}:{{.Tag}}")
        return docker(
            "image", "ls", *form, "--filter", f"reference={self._images}/*:{self._tag}"
        ).split()

    def _keep_rules(self) -> str:
        found = [
            fault for file in self._files for fault in refused(yaml.safe_load(file.read_text()))
        ]
        if found:
            raise CheckError("\n".join(found))
        return ", ".join(file.name for file in self._files)

    def _write_secrets(self) -> str:
        script = REPOSITORY / "infra" / "docker" / "secrets.sh"
        subprocess.run([script, self._env_file], capture_output=True, check=True)
        with self._env_file.open("a") as file:
            file.write(f"API_PUBLISH={self._api}\nWEB_PUBLISH={self._web}\n")
            file.write(f"HFER_IMAGES={self._images}\nHFER_TAG={self._tag}\n")
        return f"mode {self._env_file.stat().st_mode & 0o777:o}"

    def _build(self) -> str:
        self._first.compose("--profile", "backup", "build", within_s=BUILD_S)
        return ""

    def _pull(self) -> str:
        self._first.compose(
            "--profile", "backup", "pull", "--quiet", "--policy", "missing", within_s=BUILD_S
        )
        return f"{self._images}/…:{self._tag}"

    def _up(self, project: Project) -> str:
        project.compose("up", "--detach", "--no-build", within_s=START_S)
        return ""

    def _healthy(self, project: Project) -> str:
        note = project.wait_healthy(within_s=HEALTHY_S)
        told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
        url = f"http://{self._api}"
        # A worker is healthy some seconds before its first heartbeat is in the database.
        until(lambda: not unready(url), within_s=HEALTHY_S, what=lambda: unready(url))
        if version(url) != told:
            raise CheckError(f"/version says {version(url)}, not {told}")
        return note

    def _secret(self, name: str) -> str:
        lines = self._env_file.read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))

    def _make_key(self) -> str:
        self._memory.note_idle(each.name for each in in_order(self._first.containers()))
        url = f"http://{self._api}"
        self._cli = Cli(url, make_key(url, self._secret("HFER_API__ADMIN_KEY")))
        return ""

    def _analyse_samples(self) -> str:
        job = self._cli.submit(self._samples)
        self._keep(job, self._samples)
        return f"{len(self._samples)} photos"

    def _keep(self, job: str, photos: Sequence[Path]) -> None:
        self._results[job] = self._cli.results(job)
        check_answered(self._results[job], [photo.name for photo in photos])

    def _use_page(self) -> str:
        password = self._secret("HFER_WEB__PASSWORD")
        photo = REPOSITORY / "samples" / "hopper.jpg"
        return analyse(f"http://{self._web}", password=password, photo=photo)

    def _crash_all(self) -> str:
        photos = write_copies(self._work / "photos", self._samples, count=self._photos)
        image = f"{self._images}/maintenance:{self._tag}"
        jobs = crash_each(self._first, self._cli, photos, image=image, memory=self._memory)
        self._first.wait_healthy(within_s=HEALTHY_S)
        for job in jobs:
            self._keep(job, photos)
        return f"{len(jobs) * len(photos)} of {len(jobs) * len(photos)} photos answered"

    def _back_up(self) -> str:
        for command in ("create", "verify"):
            self._first.compose("run", "--rm", "backup", command, BACKUP, within_s=START_S)
        # It has the ports, and the memory.
        self._first.compose("stop", within_s=HEALTHY_S)
        return ""

    def _restore(self) -> str:
        self._restored.compose("run", "--rm", "backup", "restore", BACKUP, within_s=START_S)
        return ""

    def _compare(self) -> str:
        for job, results in self._results.items():
            if self._cli.results(job) != results:
                raise CheckError(f"{job}: other results than before the backup")
        self._analyse_samples()
        return f"{len(self._results) - 1} jobs, and a new one is analysed"

    def _down(self) -> str:
        for project in (self._restored, self._first):
            project.down()
            if left := project.leftovers():
                raise CheckError(f"{project.name}: still there: {left}")
        return ""


def free_ports(count: int) -> list[int]:
    """Return ports of this host that nobody listens on."""
    with ExitStack() as opened:
        made = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        return [opened.enter_context(listener).getsockname()[1] for listener in made]
