"""The running service from outside: the admin's call for a key, and the command line `hfer`."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from scripts.compose_check.rows import CheckError

ANSWER_S = 60
_CLIENT = Path(__file__).resolve().parents[2] / "client" / "src"


def make_key(url: str, admin_key: str) -> str:
    """Make a user's key by the call that docs/deploy.md shows."""
    body = {"name": "check", "tenant": "check", "scopes": ["jobs:read", "jobs:write"]}
    headers = {"Authorization": f"Bearer {admin_key}"}
    key: str = _answer("POST", f"{url}/v1/api-keys", json=body, headers=headers)["secret"]
    return key


def unready(url: str) -> str:
    """Return what ``/readyz`` misses; nothing when the service is ready."""
    try:
        _answer("GET", f"{url}/readyz")
    except CheckError as error:
        return str(error)
    return ""


def version(url: str) -> str:
    """Return what ``/version`` tells."""
    told: str = _answer("GET", f"{url}/version")["version"]
    return told


def _answer(method: str, url: str, **options: Any) -> Any:
    try:
        # Without the environment's proxy: the service listens on this very machine.
        answer = httpx.request(method, url, timeout=ANSWER_S, trust_env=False, **options)
    except httpx.HTTPError as error:
        raise CheckError(f"{url}: {error}") from error
    if answer.is_error:
        raise CheckError(f"{url}: {answer.status_code} {answer.text}")
    return answer.json()


class Cli:
    """The client's command line for one key of one service."""

    def __init__(self, url: str, key: str) -> None:
        told = {"HFER_URL": url, "HFER_API_KEY": key, "NO_PROXY": "127.0.0.1"}
        # The client of this checkout, whichever is installed.
        self._env = {**os.environ, **told, "PYTHONPATH": str(_CLIENT)}

    def run(self, *arguments: str, within_s: float = 1800.0) -> str:
        """Return what a command printed on stdout.

        Raises:
            CheckError: it ended with another code than 0, or took longer than ``within_s``.
        """
        try:
            done = subprocess.run(
                [sys.executable, "-m", "hfer", *arguments],
                env=self._env,
                capture_output=True,
                text=True,
                timeout=within_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CheckError(f"hfer {arguments[0]}: not done within {within_s:.0f} s") from error
        if done.returncode:
            raise CheckError(f"hfer {arguments[0]}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def submit(self, paths: Iterable[Path]) -> str:
        """Send photos as a job and return its id."""
        return self.run("submit", "--fresh", "--quiet", *map(str, paths)).split()[-1]

    def is_final(self, job: str) -> bool:
        """Tell whether a job is over."""
        return json.loads(self.run("status", job, "--json"))["finished_at"] is not None

    def results(self, job: str) -> dict[str, str]:
        """Wait for a job and return its results, a line of JSON for each photo's name."""
        lines = self.run("results", job, "--wait", "--quiet", "--format", "jsonl").splitlines()
        return {json.loads(line)["filename"]: line for line in lines}


def check_answered(results: dict[str, str], names: Iterable[str]) -> None:
    """Check that each photo has a result, and one without an error.

    Raises:
        CheckError: a photo has none, or was not analysed.
    """
    missing = sorted(set(names) - results.keys())
    if missing:
        raise CheckError(f"{len(missing)} photos without a result: {missing[:5]}")
    failed = [line for line in results.values() if json.loads(line)["status"] != "succeeded"]
    if failed:
        raise CheckError(f"{len(failed)} photos failed: {failed[0]}")


def write_copies(folder: Path, samples: list[Path], *, count: int) -> list[Path]:
    """Write ``count`` JPEGs, each a sample with a comment of its own: no two have one content."""
    folder.mkdir()
    paths = []
    for number, sample in zip(range(count), itertools.cycle(samples), strict=False):
        content, comment = sample.read_bytes(), f"copy {number}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment
        paths.append(folder / f"{number:04d}-{sample.name}")
        paths[-1].write_bytes(content[:2] + segment + content[2:])
    return paths
