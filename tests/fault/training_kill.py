"""kill -9 of a training at chosen steps, its resume, and what differs from one left alone.

As a script it is the proof on a network of real size, with data that you name:

    python -m tests.fault.training_kill --data fer2013.tar.gz -- --preset quick loop.epochs=2
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import psutil

from services.trainer.training.checkpoint import Checkpoint
from services.trainer.training.run import Run

# What a run that was killed may tell otherwise: how long it took, in how many sessions.
_TIMINGS = ("seconds", "images_per_second")
_STANDING = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)


@dataclass(frozen=True)
class Kill:
    """A kill once a checkpoint of ``step`` or later is there, ``torn`` within the next write."""

    step: int
    torn: bool = False


class Process(Protocol):
    """A trainer under way."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code once it has ended."""

    def wait(self) -> int | None:
        """Wait for its end and return the exit code."""

    def kill(self) -> None:
        """Send SIGKILL."""


def start_trainer(arguments: Sequence[str], log: Path) -> Process:
    """Start ``python -m services.trainer``, as a user does; its output is added to ``log``."""
    with log.open("ab") as file:
        command = [sys.executable, "-m", "services.trainer", *arguments]
        return subprocess.Popen(command, stdout=file, stderr=file)


class Training:
    """The command ``train`` on the deterministic setting, in a process of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        data: Path,
        arguments: Sequence[str],
        start: Callable[[Sequence[str], Path], Process] = start_trainer,
    ) -> None:
        self.run = Run(folder)
        self._start_trainer = start
        self._arguments = [
            *("train", "--data", str(data), "--run", str(folder)),
            *(*arguments, "loop.deterministic=true"),
        ]
        self._log = folder.with_name(f"{folder.name}.log")

    @property
    def step(self) -> int:
        """Of the newest checkpoint; 0 before the first."""
        names = (self.run.folder / "checkpoints").glob("step-*.npz")
        return max((int(path.stem.removeprefix("step-")) for path in names), default=0)

    def finish(self, *, resume: bool = False) -> None:
        """Go the whole way."""
        process = self._start(*(["--resume"] if resume else []))
        assert process.wait() == 0, self._log.read_text()

    def be_killed(self, kill: Kill, *, resume: bool, minutes: str) -> str:
        """Start, write a checkpoint every so many minutes, kill, and say where it was hit."""
        before = self.step
        often = f"loop.checkpoint_minutes={minutes}"
        process = self._start(often, *(["--resume"] if resume else []))
        try:
            self._await(process, lambda: self.step >= max(kill.step, before + 1), every_s=0.01)
            if kill.torn:  # a write lasts a few milliseconds
                self._await(process, lambda: self._stopped_while_writing(process), every_s=0.0005)
        finally:
            process.kill()
            process.wait()
        torn = [f"{path.name} ({path.stat().st_size:,} bytes)" for path in self._unfinished()]
        assert torn or not kill.torn
        return f"step {self.step}" + (f", within {', '.join(torn)}" if torn else "")

    def _start(self, *more: str) -> Process:
        return self._start_trainer([*self._arguments, *more], self._log)

    def _await(self, process: Process, reached: Callable[[], bool], *, every_s: float) -> None:
        while not reached():
            assert process.poll() is None, f"ended before its kill: {self._log.read_text()}"
            time.sleep(every_s)  # the process to kill can tell nobody when it begins to write

    def _stopped_while_writing(self, process: Process) -> bool:
        """Whether a file is half written; if so, the process stands still and stays so."""
        if not self._unfinished():
            return False
        found = psutil.Process(process.pid)
        found.suspend()
        self._await(process, lambda: found.status() in _STANDING, every_s=0.0005)
        if self._unfinished():
            return True
        found.resume()
        return False

    def _unfinished(self) -> list[Path]:
        return list((self.run.folder / "checkpoints").glob(".*.tmp"))


def choose_kills(rng: random.Random, *, steps: int, count: int = 3) -> list[Kill]:
    """Draw moments in the first nine tenths of ``steps``.

    The last is within a write: no later kill's session then writes the same file once more and
    so hides what that one left.
    """
    moments = sorted(rng.sample(range(1, max(count + 1, steps * 9 // 10)), count))
    return [Kill(step, torn=step == moments[-1]) for step in moments]


def differences(whole: Run, killed: Run) -> Iterator[str]:
    """Yield what differs, bit for bit, between two finished runs of one recipe."""
    yield from _unequal("last", *(run.checkpoints.load_last() for run in (whole, killed)))
    yield from _unequal("best", *(run.checkpoints.load_best() for run in (whole, killed)))
    if _log(whole) != _log(killed):
        yield "log.jsonl"
    for name in ("report/logits.npz", "bundle/model.onnx", "bundle/golden.npz"):
        if (whole.folder / name).read_bytes() != (killed.folder / name).read_bytes():
            yield name
    for path in sorted(killed.folder.rglob(".*")):
        yield f"{path.relative_to(killed.folder)} was left behind"


def _unequal(name: str, one: Checkpoint | None, other: Checkpoint | None) -> Iterator[str]:
    if one is None or other is None or one.arrays.keys() != other.arrays.keys():
        yield f"{name}: which arrays there are"
        return
    positions = [replace(each.position, seconds=0, sessions=0) for each in (one, other)]
    if positions[0] != positions[1]:
        yield f"{name}: {positions[0]} against {positions[1]}"
    for key, array in one.arrays.items():
        if not np.array_equal(array, other.arrays[key]):
            yield f"{name}: {key}"


def _log(run: Run) -> list[dict[str, object]]:
    return [{**line, **dict.fromkeys(_TIMINGS, 0)} for line in run.log_lines()]


def say(text: str) -> None:
    """Print a line at once, also into a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Train twice, once with three kills, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", default="0.02", help="between checkpoints of the killed run")
    parser.add_argument("arguments", nargs="*", help="of train, such as -- --preset quick")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-kill-") as scratch:
        whole, killed = (
            Training(Path(scratch) / name, data=options.data, arguments=options.arguments)
            for name in ("whole", "killed")
        )
        begun = time.monotonic()
        whole.finish()
        say(f"left alone: {whole.step} steps in {time.monotonic() - begun:.0f} s")
        for number, kill in enumerate(choose_kills(random.Random(options.seed), steps=whole.step)):
            hit = killed.be_killed(kill, resume=number > 0, minutes=options.minutes)
            say(f"kill -9 planned from step {kill.step} on: hit at {hit}")
        killed.finish(resume=True)
        found = list(differences(whole.run, killed.run))
        arrays = whole.run.checkpoints.load_best().arrays
        values = sum(array.size for array in arrays.values())
        say(f"{len(arrays)} arrays, {values:,} numbers, {len(whole.run.log_lines())} log lines")
        say("the same, bit for bit" if not found else f"DIFFERENT: {'; '.join(found)}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
