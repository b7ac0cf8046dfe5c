"""Files that are whole or absent, however their writer ends."""

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that a crash leaves the old file or the new one, never half of it.

    It is on the disk when this returns. A crash may leave ``.NAME.tmp`` beside it.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    scratch = path.with_name(f".{path.name}.tmp")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
