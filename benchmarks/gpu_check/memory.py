"""The GPUs of this node, and the most memory that was in use while something ran."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from services.trainer.training.host import installed_gpus

Reading = Callable[[], float | None]
_EVERY_S = 0.25
_PATIENCE_S = 20.0


def gpus() -> list[str]:
    """Return the names of the GPUs, as nvidia-smi or else the driver tells; none is an answer."""
    return _nvidia_smi("name") or installed_gpus()


def gpu_memory_mb() -> float | None:
    """Return the memory in use on all GPUs together, in MiB; None where nvidia-smi is missing."""
    used = [float(line) for line in _nvidia_smi("memory.used") if line.isdigit()]
    return sum(used) if used else None


def process_memory_mb(pid: int) -> float | None:
    """Return the resident memory of a process and its children, in MiB; None once it is gone.

    What they share counts for each of them.
    """
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(each.memory_info().rss for each in family) / 2**20
    except psutil.Error:
        return None


class Peak:
    """The largest of some readings; those that are None do not count."""

    def __init__(self, read: Reading) -> None:
        self._read = read
        self.most: float | None = None

    def look(self) -> None:
        """Read once."""
        now = self._read()
        if now is not None:
            self.most = max(now, self.most or 0.0)


@contextmanager
def watched(read: Reading, *, every_s: float = _EVERY_S) -> Iterator[Peak]:
    """Read again and again in a thread while the context lasts."""
    peak, done = Peak(read), threading.Event()

    def watch() -> None:
        peak.look()
        while not done.wait(every_s):
            peak.look()

    thread = threading.Thread(target=watch, name="peak-memory")
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _nvidia_smi(field: str) -> list[str]:
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
