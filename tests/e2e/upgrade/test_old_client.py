"""The client of 50556b5, as its wheel, with today's service."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from infra.local.stack import LocalStack
from tests.e2e.upgrade.reading import Reading
from tests.e2e.upgrade.snapshot import BUCKET, WHEEL, Facts

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

PROGRAM = Path(__file__).with_name("old_client.py")


class OldClient:
    """Runs programs that see the wheel of 50556b5 in front of everything that is installed."""

    def __init__(self, url: str, key: str, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(WHEEL),
            "HFER_URL": url,
            "HFER_API_KEY": key,
            "XDG_STATE_HOME": str(folder / "state"),
            "NO_PROXY": "127.0.0.1",
        }

    def run(self, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def old_client(working: LocalStack, facts: Facts, tmp_path: Path) -> OldClient:
    return OldClient(working.url, facts.keys["user"], tmp_path)


@pytest.fixture
def photo_file(tmp_path: Path) -> Path:
    """A photo that no job has had so far."""
    with ZipFile(BUCKET) as objects:
        name = next(name for name in objects.namelist() if name.startswith("photos/"))
        content = objects.read(name)
    path = tmp_path / "old.jpg"
    path.write_bytes(content + b"\0")
    return path


def results_of(recorded: list[Reading], job: str) -> list[dict[str, Any]]:
    path = f"/v1/jobs/{job}/results?format=jsonl&partial=true"
    [reading] = (reading for reading in recorded if reading.request.path == path)
    found: list[dict[str, Any]] = reading.answer.body
    return found


def test_submits_waits_listens_and_reads(
    old_client: OldClient, facts: Facts, photo_file: Path, recorded: list[Reading]
) -> None:
    job = facts.jobs["succeeded"]
    found = json.loads(old_client.run(PROGRAM, photo_file, job))
    assert found["client"].startswith(str(WHEEL))
    assert found["status"] == "succeeded"
    assert found["events"] == ["old.jpg"]
    expected = results_of(recorded, job)
    assert found["old"] == [
        [photo["filename"], photo["status"], len(photo["faces"])] for photo in expected
    ]
    assert found["jobs"] >= len(facts.jobs) - 2
    assert len(found["models"]) >= 2
    assert found["canary"]
    assert found["endpoints"] == 4
    assert found["limits"]
    assert found["annotated"]
    assert found["code"] == "not-found"


def test_its_command_line_submits_and_reads(
    old_client: OldClient, facts: Facts, photo_file: Path, recorded: list[Reading]
) -> None:
    hfer = ("-m", "hfer")
    printed = old_client.run(*hfer, "submit", photo_file, "--wait", "--format", "jsonl", "--quiet")
    assert [json.loads(line)["filename"] for line in printed.splitlines()] == ["old.jpg"]
    job = facts.jobs["succeeded"]
    printed = old_client.run(*hfer, "results", job, "--format", "jsonl")
    expected = results_of(recorded, job)
    assert [json.loads(line)["item_id"] for line in printed.splitlines()] == [
        photo["item_id"] for photo in expected
    ]
    assert json.loads(old_client.run(*hfer, "status", job, "--json"))["status"] == "succeeded"
