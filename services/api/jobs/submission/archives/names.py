"""From an entry's path to the name that a photo is shown under. It is never used as a path."""

import re

from services.api.filenames import MAX_CHARS, clean_filename
from services.api.jobs.submission.archives.faults import refused

_DRIVE = re.compile(r"[A-Za-z]:/")
_SYSTEM_FOLDER = "__MACOSX"
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


def entry_name(path: str) -> str | None:
    """Return the cleaned name of an entry with its folders; None for what systems add.

    Hidden files and folders, ``__MACOSX``, ``Thumbs.db`` and ``desktop.ini`` are left out.

    Raises:
        ApiError: ARCHIVE_REFUSED, the path leads out of the archive.
    """
    plain = path.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if plain.startswith("/") or _DRIVE.match(plain) or ".." in parts:
        raise refused(
            "The archive has an entry whose path is absolute or holds '..'; pack it again with"
            " paths inside of one folder."
        )
    hidden = any(part.startswith(".") or part == _SYSTEM_FOLDER for part in parts)
    if not parts or hidden or parts[-1].lower() in _SYSTEM_FILES:
        return None
    return _shortened([clean_filename(part) for part in parts])


def _shortened(parts: list[str]) -> str:
    """Join, leaving out the outer folders of a path that is too long."""
    while len("/".join(parts)) > MAX_CHARS:
        parts = parts[1:]
    return "/".join(parts)
