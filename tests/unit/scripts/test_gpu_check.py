"""What ``gpu_check.sh`` says of the packages that it finds."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "gpu_check.sh"
# Stands for Python: of the modules asked for it lacks $LACKS, and instead of checking it says so.
INTERPRETER = """\
#!/bin/sh
case "$1 $2" in
    "-m "*) echo "checking: $*" ;;
    *find_spec*)
        shift 2
        for each in "$@"; do case " $LACKS " in *" $each "*) echo "$each" ;; esac; done ;;
    *) exit 1 ;;
esac
"""


def check(*arguments: str, python: Path | str, lacks: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": str(python), "LACKS": lacks}
    return subprocess.run(
        [SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def interpreter(tmp_path: Path) -> Path:
    path = tmp_path / "python"
    path.write_text(INTERPRETER)
    path.chmod(0o755)
    return path


def test_an_interpreter_that_is_none_is_refused() -> None:
    done = check(python="/no/such/python")
    assert done.returncode == 2
    assert done.stderr.startswith("error: /no/such/python is no program")


def test_what_everything_needs_is_named_where_it_is_missing(tmp_path: Path) -> None:
    done = check(python=interpreter(tmp_path), lacks="pydantic")
    assert done.returncode == 2
    assert "lacks pydantic, without which nothing can be checked" in done.stderr
    assert done.stdout == ""


def test_what_a_part_needs_is_named_and_the_others_are_checked(tmp_path: Path) -> None:
    done = check("--part", "classifier", python=interpreter(tmp_path), lacks="facenet_pytorch")
    assert done.returncode == 0
    assert "lacks facenet_pytorch; parts that need them are left out" in done.stderr
    assert done.stdout.startswith("checking: -m benchmarks.gpu_check --trainer-python")
    assert done.stdout.endswith("--part classifier\n")


def test_an_unknown_part_is_wrong_usage() -> None:
    done = check("--part", "nothing", python=sys.executable)
    assert done.returncode == 2
    assert "invalid choice: 'nothing'" in done.stderr
