"""The check of a GPU, rehearsed: the same script and code on the CPU."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[4]


def test_a_rehearsal_prints_a_table_that_says_so() -> None:
    done = subprocess.run(
        [REPOSITORY / "scripts" / "gpu_check.sh", "--rehearse", "--part", "classifier"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "REHEARSAL" in done.stdout
    assert "14 of 14 crops" in done.stdout
