"""The memory of a process and its children, below a limit."""

import uuid
from pathlib import Path

import psutil

_CGROUPS = Path("/sys/fs/cgroup")


class Memory:
    """The memory of a process tree: of its cgroup, or added up where none can be made."""

    def __init__(self, limit_bytes: int) -> None:
        self._v2 = (_CGROUPS / "cgroup.controllers").exists()
        self._limit_bytes = limit_bytes
        self._group: Path | None = None
        self._pid = 0
        self._peak = 0
        parent = _CGROUPS if self._v2 else _CGROUPS / "memory"
        group = parent / f"hfer-viewing-{uuid.uuid4().hex[:8]}"
        try:
            group.mkdir()
            limit = "memory.max" if self._v2 else "memory.limit_in_bytes"
            (group / limit).write_text(str(limit_bytes))
            self._group = group
        except OSError:
            if group.exists():
                group.rmdir()

    @property
    def kind(self) -> str:
        """How the memory is counted."""
        if self._group is None:
            return "no cgroup can be made: the sum of resident memory"
        return f"cgroup v{2 if self._v2 else 1} of {self._limit_bytes / 2**20:.0f} MiB"

    @property
    def wrapper(self) -> tuple[str, ...]:
        """What to put in front of a command, so that it starts below the limit."""
        if self._group is None:
            return ()
        return ("sh", "-c", f'echo $$ > {self._group}/cgroup.procs; exec "$@"', "sh")

    def watch(self, pid: int) -> None:
        """Say which process to look at."""
        self._pid = pid

    def look(self) -> None:
        """Take part in the peak of what no kernel could take back: no page cache."""
        if self._group is None:
            try:
                root = psutil.Process(self._pid)
                tree = [root, *root.children(recursive=True)]
                now = sum(process.memory_info().rss for process in tree)
            except psutil.NoSuchProcess:
                return
        else:
            lines = (self._group / "memory.stat").read_text().splitlines()
            stat = {name: int(value) for name, value in (line.split() for line in lines)}
            names = ("anon", "shmem") if self._v2 else ("total_rss", "total_shmem")
            now = sum(stat.get(name, 0) for name in names)
        self._peak = max(self._peak, now)

    @property
    def unreclaimable_mb(self) -> float:
        """The largest look, in megabytes of 1,000,000 bytes."""
        return round(self._peak / 1e6, 1)

    @property
    def peak_mb(self) -> float:
        """The kernel's own peak, the page cache included."""
        if self._group is None:
            return self.unreclaimable_mb
        name = "memory.peak" if self._v2 else "memory.max_usage_in_bytes"
        return round(int((self._group / name).read_text()) / 1e6, 1)

    @property
    def killed(self) -> int:
        """How many processes the kernel killed."""
        if self._group is None:
            return 0
        file = self._group / ("memory.events" if self._v2 else "memory.oom_control")
        counts = dict(line.split() for line in file.read_text().splitlines())
        return int(counts.get("oom_kill", 0))

    def close(self) -> None:
        """Remove the empty cgroup."""
        if self._group is not None:
            self._group.rmdir()
