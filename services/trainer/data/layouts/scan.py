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
from services.trainer.data.layouts.tables import is_votes, scan_table
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
    table = table_of(root)
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
    if plain and not is_official(root) and _table_in(root) is None:
        return data_root(root / names[0])
    return root


def count_contempt(root: Path) -> int:
    """Return how many images ``scan`` leaves out, as they lie in folders called contempt.

    It is no expression of ours; AffectNet and others have it as the eighth.
    """
    base = data_root(root)
    return 0 if table_of(root) is not None else sum(1 for _ in contempt_images(base))


def table_of(root: Path) -> Path | None:
    """Return the table that ``scan`` reads; None for class folders and RAF-DB."""
    return root if root.is_file() else _table_in(data_root(root))


def _table_in(folder: Path) -> Path | None:
    """Return FER2013's table, or where there are no class folders the one table of votes."""
    known = [path for name in _FER_TABLES if (path := folder / name).is_file()]
    if known or any(is_class(name) or name.lower() in SPLIT_FOLDERS for name in folders(folder)):
        return known[0] if known else None
    votes = list(filter(is_votes, sorted(folder.glob("*.csv"))))
    return votes[0] if len(votes) == 1 else None


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
