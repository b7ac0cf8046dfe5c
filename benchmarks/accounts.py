"""What each part of a local stack uses: CPU seconds and memory, itself and all below it."""

from collections.abc import Iterator

import psutil

from infra.local.stack import LocalStack


def cpu_seconds(stack: LocalStack) -> dict[str, float]:
    """CPU seconds of each part so far, by name, those of children that ended included."""
    return {
        name: sum(sum(process.cpu_times()[:4]) for process in _tree(child.pid))
        for name, child in stack.supervisor.children.items()
    }


def worker_rss_mb(stack: LocalStack) -> float:
    """Resident memory of the largest child of the worker, in megabytes of 1,000,000 bytes."""
    worker = stack.supervisor.children["worker"]
    sizes = [process.memory_info().rss for process in _tree(worker.pid)]
    return round(max(sizes, default=0) / 1_000_000, 1)


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """CPU seconds of each part between two looks."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def _tree(pid: int) -> Iterator[psutil.Process]:
    try:
        root = psutil.Process(pid)
        yield root
        for process in root.children(recursive=True):
            if process.is_running():
                yield process
    except psutil.NoSuchProcess:
        return
