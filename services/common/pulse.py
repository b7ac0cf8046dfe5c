"""A sign of life that costs nothing to read: a file, touched while the process does its work.

A container's health check compares the file's age with a bound (``infra/docker/probe.py``). The
database holds a heartbeat as well, but a probe that asked it would restart every worker when
the database is away.
"""

from pathlib import Path

BEAT_S = 10.0


class Pulse:
    """Touches a file at each beat; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def beat(self) -> None:
        """Say that the process works.

        Raises:
            OSError: the file cannot be written; a misplaced file is a fault of the deployment.
        """
        if self._path is not None:
            self._path.touch(mode=0o600)
