"""A backup brought back into a new folder: ``python -m infra.local restore BACKUP``."""

import os
import subprocess
import sys
from pathlib import Path

from infra.local.console import Console
from infra.local.errors import LocalStackError
from infra.local.paths import REPOSITORY
from infra.local.stack import local_stack


def restore(folder: Path, *, backup: Path, console: Console) -> None:
    """Restore ``backup`` into the servers of ``folder`` and stop them again.

    Raises:
        LocalStackError: the servers did not start, or the restore failed; it has said why.
    """
    with local_stack(folder, console=Console(verbose=False)) as stack:
        stack.servers.start()
        done = subprocess.run(
            [sys.executable, "-m", "services.backup", "restore", str(backup.absolute())],
            env={**os.environ, **stack.environment},
            cwd=REPOSITORY,
            check=False,
        )
        if done.returncode:
            raise LocalStackError(
                f"the restore ended with return code {done.returncode} (docs/backup.md);"
                " a folder that holds a stack already is not empty: name another by --folder"
            )
        stack.write_environment()
    console.say(f"Serve it: {sys.executable} -m infra.local run --folder {folder}")
