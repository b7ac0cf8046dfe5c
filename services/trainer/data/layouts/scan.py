"""Which layout a source has, found by looking."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.trainer.data.layouts.folders import (
    EXPECTED,
    SPLIT_FOLDERS,
    contempt_images,
    folders,
    is_class,
    scan_folders,
    wrong,
)
from services.trainer.data.layouts.rafdb import (
    is_numbered,
    is_official,
    scan_numbered,
    scan_official,
)
from services.trainer.data.layouts.sample import Sample
from services.trainer.data.layouts.tables import scan_table
from services.trainer.errors import DataLayoutError

# Kaggle's archive of the competition holds both; the first names each row's use.
_FER_TABLES = ("fer2013.csv", "icml_face_data.csv")


def scan(root: Path) -> list[Sample]:
    """List the images of ``root``, sorted by path so that every machine agrees.

    A single folder that holds all the others (``fer2013/train``) is stepped into.

    Raises:
        DataLayoutError: if no layout fits; the text says what was expected and what was found.
    """
    base = data_root(root)
    table = root if root.is_file() else _fer_table(base)
    if table is not None:
        found = scan_table(table)
    elif is_official(base):
        found = scan_official(base)
    elif is_numbered(base):
        found = scan_numbered(base)
    else:
        found = scan_folders(base)
    if not found:
        raise wrong(base, folders(base), "there are no images in it")
    return sorted(found, key=lambda sample: sample.path)


def data_root(root: Path) -> Path:
    """Return the folder that the paths of ``scan`` are relative to."""
    if root.is_file():
        return root.parent
    if not root.is_dir():
        raise DataLayoutError(f"{root} is not a folder, a .csv or a .tar.gz; {EXPECTED}")
    names = folders(root)
    plain = len(names) == 1 and not is_class(names[0]) and names[0].lower() not in SPLIT_FOLDERS
    if plain and not is_official(root) and _fer_table(root) is None:
        return data_root(root / names[0])
    return root


def count_contempt(root: Path) -> int:
    """Return how many images ``scan`` leaves out, as they lie in folders called contempt.

    It is no expression of ours; AffectNet and others have it as the eighth.
    """
    base = data_root(root)
    is_table = root.is_file() or _fer_table(base) is not None
    return 0 if is_table else sum(1 for _ in contempt_images(base))


def _fer_table(folder: Path) -> Path | None:
    found = (folder / name for name in _FER_TABLES)
    return next((path for path in found if path.is_file()), None)


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """Lend ``source`` as a folder or table: itself, or an archive unpacked to a temporary one.

    The ``data`` filter refuses absolute paths, links that leave the folder and devices
    (PEP 706).

    Raises:
        DataLayoutError: if there is no such thing or the archive is damaged or not safe.
    """
    if not source.is_file() or source.suffix.lower() == ".csv":
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="hfer-data-") as scratch:
        try:
            with tarfile.open(source, "r:*") as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            reason = str(error).partition("\n")[0].rstrip(":")
            raise DataLayoutError(
                f"{source.name} cannot be unpacked: {reason}; give a folder, a .csv or a .tar.gz."
            ) from error
        yield Path(scratch)
