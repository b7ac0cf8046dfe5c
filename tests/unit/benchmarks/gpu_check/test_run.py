"""A part that fails, hangs or is left out is an outcome, never the end of the check."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.gpu_check.outcome import Figure, Outcome
from benchmarks.gpu_check.part import MEASURES
from benchmarks.gpu_check.run import PARTS, TOTAL_S, Part, end_session, limit_of, run_part
from tests.fixtures.fleet import wait_until


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """Stands for Python: a program that the test writes, called as ``-m MODULE NAME OUT``."""
    return tmp_path / "python"


def write(path: Path, body: str) -> str:
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\nout = sys.argv[4]\n{body}\n")
    path.chmod(0o755)
    return str(path)


def run(python: str, *, limit_s: float = 300, weighed: bool = False) -> Outcome:
    part = Part("classifier", 40, weighed=weighed)
    return run_part(part, python=python, rehearsal=True, limit_s=limit_s)


def is_alive(pid: int) -> bool:
    try:
        # The forked one stays a zombie until its new parent looks.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_figures_come_back(interpreter: Path) -> None:
    answer = json.dumps({"figures": [{"name": "n", "value": "1", "fault": "below 2"}]})
    outcome = run(write(interpreter, f"open(out, 'w').write({answer!r})"))
    assert outcome == Outcome("classifier", figures=(Figure("n", "1", "below 2"),))


def test_peak_memory_is_told_of_a_part_that_is_weighed(interpreter: Path) -> None:
    answer = json.dumps({"figures": []})
    outcome = run(write(interpreter, f"open(out, 'w').write({answer!r})"), weighed=True)
    (peak,) = outcome.figures
    assert peak.name.startswith("peak memory of the host")
    assert peak.value.endswith(" MiB")


def test_a_part_that_is_left_out_says_why(interpreter: Path) -> None:
    answer = json.dumps({"left_out": "torch not installed"})
    outcome = run(write(interpreter, f"open(out, 'w').write({answer!r})"))
    assert outcome == Outcome("classifier", left_out="torch not installed")


def test_a_part_that_fails_leaves_its_last_word(
    interpreter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(write(interpreter, "print('starting'); raise LookupError('no such layer')"))
    assert outcome == Outcome("classifier", failed="LookupError: no such layer")
    assert "starting" in capsys.readouterr().err


def test_a_part_that_hangs_is_ended(interpreter: Path) -> None:
    outcome = run(write(interpreter, "time.sleep(1000)"), limit_s=0.2)
    assert outcome.failed.startswith("not done after")


def test_what_a_part_started_ends_with_it(interpreter: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = write(interpreter, "os.fork(); print(os.getpid(), flush=True); time.sleep(1000)")
    with pids.open("wb") as output:
        child = subprocess.Popen(
            [program, "-m", "module", "name", "out"], stdout=output, start_new_session=True
        )
    wait_until(lambda: len(pids.read_text().split()) == 2, timeout_s=300, what="parent and child")
    family = [int(pid) for pid in pids.read_text().split()]
    end_session(child)
    wait_until(lambda: not any(map(is_alive, family)), timeout_s=300, what="their end")


def test_a_rehearsal_hides_the_gpus(interpreter: Path) -> None:
    outcome = run(write(interpreter, "sys.exit(os.environ['CUDA_VISIBLE_DEVICES'])"))
    assert outcome.failed == "-1"


def test_every_part_has_its_time_and_all_together_less_than_eight_minutes() -> None:
    assert {part.name for part in PARTS} == MEASURES.keys()
    assert sum(part.limit_s for part in PARTS) == TOTAL_S < 480


def test_a_part_has_what_those_before_it_left_and_leaves_the_others_theirs() -> None:
    assert limit_of(PARTS, elapsed_s=0) == PARTS[0].limit_s
    assert limit_of(PARTS[1:], elapsed_s=PARTS[0].limit_s - 10) == PARTS[1].limit_s + 10
    assert limit_of(PARTS[-1:], elapsed_s=50) == 400
