"""Small file helpers: hashes, arrays, and folders that are whole or absent."""

import hashlib
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from services.trainer.errors import RunError

# A run's averaged network, as evaluate left it: in the run folder, and in a bundle if asked.
NETWORK = "model.keras"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an ``.npz`` file by name; nothing is unpickled.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no such file, or damaged.
    """
    try:
        # Opened here: NumPy leaves a file that is no archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (BadZipFile, zlib.error, EOFError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no named arrays, or not whole ones") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError(f"{path} holds other files than arrays")
    return arrays


@contextmanager
def replacing(out: Path, *, mark: str, what: str) -> Iterator[Path]:
    """Yield a path beside ``out`` for a folder that takes its place, unless an error comes first.

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
