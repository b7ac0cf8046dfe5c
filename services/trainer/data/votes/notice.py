"""The terms of votes, which travel with what was learned from them."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from services.common.files import write_atomically

# In a run folder and in its bundle.
NOTICE_NAME = "VOTES_NOTICE.md"
_NAMES = ("licence*", "license*", "notice*", "copying*")


def keep_notice(run: Path, sources: Sequence[str]) -> None:
    """Write into a run's folder the terms that lie beside its tables of votes, if there are any."""
    folders = dict.fromkeys(_folder(Path(source)) for source in sources)
    found = [
        path
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.is_file() and any(fnmatch(path.name.lower(), name) for name in _NAMES)
    ]
    if found:
        write_atomically(run / NOTICE_NAME, b"\n\n".join(path.read_bytes() for path in found))


def notice_of(run: Path) -> bytes | None:
    """Return the terms of the votes that a run learns from; None where none came with them."""
    path = run / NOTICE_NAME
    return path.read_bytes() if path.is_file() else None


def whose(notice: bytes) -> str:
    """Return the line that says whose the votes are, or the first."""
    lines = [line.strip() for line in notice.decode("utf-8", errors="replace").splitlines()]
    said = [line for line in lines if line]
    return next((line for line in said if line.lower().startswith("copyright")), said[0])


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent
