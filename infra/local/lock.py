"""One launcher per folder, told by a lock that its children hold with it."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.errors import AlreadyRunningError

POLL_S = 0.1
ORPHANS_S = 20.0


class FolderLock:
    """A lock on a file, inherited by every child.

    The kernel frees it when the last holder is gone. So whoever gets it knows that nothing
    which was started from here is alive, even after a ``kill -9`` of the launcher.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def fileno(self) -> int:
        """File descriptor to pass on to children."""
        return self._descriptor

    def __enter__(self) -> Self:
        """Take the lock, waiting for the children of a dead launcher to end.

        Raises:
            AlreadyRunningError: the launcher lives, or its children outlive it for 20 s.
        """
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + ORPHANS_S
        while not self._try():
            holder = self._holder()
            if _is_alive(holder) or time.monotonic() > deadline:
                os.close(self._descriptor)
                raise AlreadyRunningError(
                    f"a stack already runs in {self._path.parent} (launcher pid {holder});"
                    " stop it with Ctrl-C in its shell first"
                )
            time.sleep(POLL_S)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int:
        text = os.pread(self._descriptor, 20, 0)
        return int(text) if text.isdigit() else 0


def _is_alive(pid: int) -> bool:
    """Tell whether ``pid`` is a process that is not a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
