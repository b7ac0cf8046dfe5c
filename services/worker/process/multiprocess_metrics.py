"""Metrics of a worker: its children count in files, the main process shows their sums.

prometheus_client keeps the values of a process in files when its variable names a folder at the
moment of its import. So this module imports it only where it is used, and the entry of the worker
calls `share_metrics` before anything else. Children come and go (each is replaced after 500
tasks): what a dead one counted is folded into one file, its gauges go with it.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from services.common.config import Settings
from services.common.telemetry_settings import TelemetrySettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
GONE = "gone"
_BYTES_PER_MB = 1_000_000


def share_metrics(settings: TelemetrySettings) -> None:
    """Choose the folder that this process and its children share; nothing without a port."""
    if settings.metrics_port is not None:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="hfer-metrics-")


def shared_folder() -> Path | None:
    """Return the folder; None when `share_metrics` was not called, or found no port."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else None


def remove_shared() -> None:
    """Remove the folder at an orderly end."""
    folder = shared_folder()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


class ChildrenCollector:
    """What the children counted, dead ones included, and the memory of those that live."""

    def __init__(
        self,
        folder: Path,
        *,
        memory_limit_bytes: int,
        children: Callable[[], list[psutil.Process]] = lambda: psutil.Process().children(),
    ) -> None:
        self._folder = folder
        self._memory_limit_bytes = memory_limit_bytes
        self._children = children

    def collect(self) -> Iterable["Metric"]:
        """Called by the registry for every scrape, by one at a time."""
        from prometheus_client.multiprocess import MultiProcessCollector

        # The files first: whoever wrote one and is no child afterwards is dead.
        written = {path.stem.rpartition("_")[2] for path in self._folder.glob("*.db")}
        children = self._children()
        alive = {str(child.pid) for child in children}
        for pid in sorted(written - alive - {GONE, str(os.getpid())}):
            fold(self._folder, pid)
        yield from MultiProcessCollector(None, path=str(self._folder)).collect()
        yield from self._host(children)

    def _host(self, children: list[psutil.Process]) -> Iterable["Metric"]:
        from services.common.telemetry.metrics.catalogue import HostMetrics

        figures = {
            HostMetrics.worker_children: len(children),
            HostMetrics.worker_rss: max(map(_resident_bytes, children), default=0),
            HostMetrics.worker_rss_limit: self._memory_limit_bytes,
        }
        for family, value in figures.items():
            yield family.sample(value)


def fold(folder: Path, pid: str) -> None:
    """Add the counts of a dead child to those of all dead ones, and drop its gauges."""
    from prometheus_client.mmap_dict import MmapedDict

    for path in sorted(folder.glob(f"*_{pid}.db")):
        kind = path.name.partition("_")[0]
        if kind != "gauge":
            total = MmapedDict(str(folder / f"{kind}_{GONE}.db"))
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
            total.close()
        path.unlink()


def children_registry(settings: Settings, folder: Path) -> "CollectorRegistry":
    """Build what the main process of a worker shows."""
    from prometheus_client import CollectorRegistry, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    limit = settings.worker.max_memory_mb * _BYTES_PER_MB
    registry.register(ChildrenCollector(folder, memory_limit_bytes=limit))
    return registry


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
