"""The sign of life is a young file."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.pulse import Pulse

PROBE = Path(__file__).parents[3] / "infra" / "docker" / "probe.py"


def probe(path: Path, max_age_s: int = 30) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-I", PROBE, path, str(max_age_s)],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pulse"


def test_the_probe_sees_a_beat(path: Path) -> None:
    assert probe(path).returncode == 1
    assert "no sign of life yet" in probe(path).stderr
    Pulse(path).beat()
    assert probe(path).returncode == 0


def test_the_probe_sees_an_old_one_and_a_new_one(path: Path) -> None:
    Pulse(path).beat()
    before = path.stat().st_mtime - 100
    os.utime(path, (before, before))
    done = probe(path)
    assert done.returncode == 1
    told = re.search(r"(\d+) s ago", done.stderr)
    assert told is not None
    assert 100 <= int(told.group(1)) < 130  # the probe itself may start late
    Pulse(path).beat()
    assert probe(path).returncode == 0


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    Pulse(None).beat()
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_call_of_the_probe_is_neither() -> None:
    done = subprocess.run(
        [sys.executable, "-I", PROBE], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "usage" in done.stderr
