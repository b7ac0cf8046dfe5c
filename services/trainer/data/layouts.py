"""Which images there are, what they show and which split they belong to.

Two layouts, found by looking:

- FER2013 as PNG files: the split stands in the **file name** (``Training_``, ``PublicTest_``,
  ``PrivateTest_``), whatever folder the file lies in. The usual copy mixes the two test sets in
  ``test/``, and two published results above 73 % were chosen on the wrong one.
- ImageFolder: ``train/`` with ``val/`` and/or ``test/``, or class folders only; a missing split
  is cut from the training images later (``prepare``).

Class folders have any name that ``parse_emotion`` knows.
"""

import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.common.domain.emotions import EMOTIONS, parse_emotion
from services.trainer.errors import DataLayoutError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})

EXPECTED = (
    "expected train/ with val/ and/or test/ (each with one folder per expression: "
    f"{', '.join(EMOTIONS)}), or those class folders alone"
)


class Split(StrEnum):
    """What an image may be used for: to learn, to choose, to report once."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Sample:
    """One image file: its path below the root, label index into ``EMOTIONS``, and split.

    ``split`` is None when the layout does not say (class folders only).
    """

    path: str
    label: int
    split: Split | None


_FER_PREFIXES = {
    "Training": Split.TRAIN,
    "PublicTest": Split.VALIDATION,
    "PrivateTest": Split.TEST,
}
_FOLDERS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
}


def scan(root: Path) -> list[Sample]:
    """List the images below ``root``, sorted by path so that every machine agrees.

    A single folder that holds all the others (``fer2013/train``) is stepped into.

    Raises:
        DataLayoutError: if no layout fits; the text says what was expected and what was found.
    """
    base = _step_into(root)
    folders = _folders(base)
    splits = {name: _FOLDERS[name.lower()] for name in folders if name.lower() in _FOLDERS}
    if splits:
        if Split.TRAIN not in splits.values():
            raise _wrong(base, folders, "there is no train folder")
        found = [
            sample
            for name, split in splits.items()
            for sample in _class_folders(base / name, base=base, split=split)
        ]
    else:
        found = list(_class_folders(base, base=base, split=None))
    if not found:
        raise _wrong(base, folders, "there are no images in it")
    return sorted(found, key=lambda sample: sample.path)


def is_fer2013(samples: Sequence[Sample]) -> bool:
    """Whether all images bear the names of FER2013's files."""
    return all(_fer_split(sample.path.rpartition("/")[2]) for sample in samples)


def data_root(root: Path) -> Path:
    """Return the folder that the paths of ``scan`` are relative to."""
    return _step_into(root)


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """Lend ``source`` as a folder: itself, or an archive unpacked to a temporary one.

    The ``data`` filter refuses absolute paths, links that leave the folder and devices
    (PEP 706).

    Raises:
        DataLayoutError: if there is no such thing or the archive is damaged or not safe.
    """
    if not source.is_file():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="hfer-data-") as scratch:
        try:
            with tarfile.open(source, "r:*") as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise DataLayoutError(f"{source.name} cannot be unpacked: {error}") from error
        yield Path(scratch)


def _step_into(root: Path) -> Path:
    if not root.is_dir():
        raise DataLayoutError(f"{root} is not a folder or a .tar.gz; {EXPECTED}")
    folders = _folders(root)
    if len(folders) == 1 and not _is_class(folders[0]) and folders[0].lower() not in _FOLDERS:
        return _step_into(root / folders[0])
    return root


def _class_folders(folder: Path, *, base: Path, split: Split | None) -> Iterator[Sample]:
    names = _folders(folder)
    unknown = [name for name in names if not _is_class(name)]
    if unknown or not names:
        raise _wrong(folder, names, f"not an expression: {', '.join(unknown) or 'no folder'}")
    for name in names:
        label = EMOTIONS.index(parse_emotion(name))
        for path in _images((folder / name).iterdir()):
            relative = path.relative_to(base).as_posix()
            yield Sample(relative, label, _fer_split(path.name) or split)


def _fer_split(file_name: str) -> Split | None:
    return _FER_PREFIXES.get(file_name.partition("_")[0])


def _images(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())


def _folders(folder: Path) -> list[str]:
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
    )


def _is_class(name: str) -> bool:
    try:
        parse_emotion(name)
    except ValueError:
        return False
    return True


def _wrong(folder: Path, found: list[str], reason: str) -> DataLayoutError:
    listing = ", ".join(f"{name}/" for name in found[:12]) or "no folders"
    return DataLayoutError(f"{folder}: {reason}; {EXPECTED}; found {listing}")
