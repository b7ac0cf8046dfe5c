"""Run a part in a process of its own, for so long and no longer, and watch its memory."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gpu_check.memory import gpu_memory_mb, process_memory_mb, watched
from benchmarks.gpu_check.outcome import Figure, Outcome

REPOSITORY = Path(__file__).resolve().parents[2]
_LINES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Part:
    """A row or several of the table.

    Attributes:
        name: as ``part.MEASURES`` has it.
        limit_s: it may take so long, and what the parts before it left.
        weighed: whether its peak memory is told.
    """

    name: str
    limit_s: float
    weighed: bool = False


# 450 s in all; starting, ending and asking nvidia-smi take the rest of 8 minutes.
PARTS = (
    Part("detector retinaface", 70),
    Part("detector facenet", 60),
    Part("classifier", 40),
    Part("serving", 130, weighed=True),
    Part("training", 150, weighed=True),
)
TOTAL_S = 450.0


def limit_of(parts: Sequence[Part], *, elapsed_s: float) -> float:
    """Return the seconds that the first of ``parts``, the others still to come, may take."""
    return TOTAL_S - elapsed_s - sum(part.limit_s for part in parts[1:])


def run_part(part: Part, *, python: str, rehearsal: bool, limit_s: float) -> Outcome:
    """Return what came of a part, whatever that is; what a failed one said goes to stderr."""
    with tempfile.TemporaryDirectory(prefix="hfer-gpu-check-") as scratch:
        answer, log = Path(scratch) / "answer.json", Path(scratch) / "log"
        command = [python, "-m", "benchmarks.gpu_check.part", part.name, str(answer)]
        before = None if rehearsal else gpu_memory_mb()
        with log.open("wb") as output:
            child = subprocess.Popen(
                [*command, *(["--rehearse"] if rehearsal else [])],
                cwd=REPOSITORY,
                env=_environment(rehearsal=rehearsal, scratch=scratch),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        read = (lambda: process_memory_mb(child.pid)) if rehearsal else gpu_memory_mb
        try:
            with watched(read) as peak:
                code = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            return Outcome(part.name, failed=f"not done after {limit_s:.0f} s")
        finally:
            end_session(child)
        if code:
            lines = log.read_text(errors="replace").splitlines()
            print("\n".join(lines[-_LINES_SHOWN:]), file=sys.stderr)
            return Outcome(part.name, failed=_last(lines) or f"returned {code}")
        found = json.loads(answer.read_text())
    if "left_out" in found:
        return Outcome(part.name, left_out=found["left_out"])
    figures = [Figure(**each) for each in found["figures"]]
    if part.weighed:
        figures.append(_weight(peak.most, before, rehearsal=rehearsal))
    return Outcome(part.name, tuple(figures))


def _environment(*, rehearsal: bool, scratch: str) -> dict[str, str]:
    """Return this process's, with temporary files where they go with the part, GPUs hidden."""
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if rehearsal else {}
    return {**os.environ, "TMPDIR": scratch, "TF_CPP_MIN_LOG_LEVEL": "2", **hidden}


def end_session(child: subprocess.Popen[bytes]) -> None:
    """Kill what still runs of a part: the processes that it started are of its own session."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _last(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _weight(most: float | None, before: float | None, *, rehearsal: bool) -> Figure:
    if rehearsal:
        return Figure("peak memory of the host, all processes", f"{most or 0:.0f} MiB")
    if most is None or before is None:
        return Figure("peak GPU memory", "unknown: nvidia-smi is missing")
    return Figure("peak GPU memory", f"{most - before:.0f} MiB")
