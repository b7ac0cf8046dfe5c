"""Small file helpers: hashes, and writes that are whole or absent."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.trainer.errors import RunError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that a crash leaves the old file or the new one, never half of it."""
    scratch = path.with_name(f".{path.name}.tmp")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


@contextmanager
def replacing(out: Path, *, mark: str, what: str) -> Iterator[Path]:
    """Lend a path beside ``out`` for a folder that takes its place, unless an error comes first.

    Its name is always the same, so that what a kill left there is removed by the next attempt.

    Args:
        out: missing, empty, or a folder of the same kind as the new one.
        mark: a file that every folder of this kind has.
        what: this kind is called.

    Raises:
        RunError: if ``out`` holds something else.
    """
    if out.exists() and not (out.is_dir() and _may_go(out, mark)):
        raise RunError(f"{out} is there already and is no {what}; choose another folder.")
    scratch = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield scratch
        if out.exists():
            shutil.rmtree(out)
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _may_go(folder: Path, mark: str) -> bool:
    return (folder / mark).is_file() or not any(folder.iterdir())
