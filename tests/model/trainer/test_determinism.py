"""What ``deterministic.py`` found, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path


def test_two_runs_on_two_threads_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.model.trainer.deterministic", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["deterministic"] == [False, True]
    one, other = found["digests"]
    assert one == other
