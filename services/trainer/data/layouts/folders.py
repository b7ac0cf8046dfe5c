"""Class folders, with or without split folders above them, and FER2013's PNG files in them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from services.common.domain.emotions import EMOTIONS, parse_emotion
from services.trainer.data.layouts.sample import IMAGE_SUFFIXES, Sample, Split
from services.trainer.errors import DataLayoutError

SPLIT_FOLDERS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
}
# The usual copy mixes the two test sets in test/, and two published results above 73 % were
# chosen on the wrong one: the file name decides, whatever the folder.
_FER_PREFIXES = {
    "Training": Split.TRAIN,
    "PublicTest": Split.VALIDATION,
    "PrivateTest": Split.TEST,
}


def scan_folders(base: Path) -> list[Sample]:
    """List the images of ``base``: split folders with class folders in them, or those alone.

    Raises:
        DataLayoutError: if a folder is none of these; the text says what was found.
    """
    names = folders(base)
    splits = {name: SPLIT_FOLDERS[name.lower()] for name in names if name.lower() in SPLIT_FOLDERS}
    if not splits:
        return list(_class_folders(base, base=base, split=None))
    if Split.TRAIN not in splits.values():
        raise wrong(base, names, "there is no train folder")
    return [
        sample
        for name, split in splits.items()
        for sample in _class_folders(base / name, base=base, split=split)
    ]


def is_fer2013(samples: Sequence[Sample]) -> bool:
    """Whether all images bear the names of FER2013's files."""
    return all(_fer_split(sample.path.rpartition("/")[2]) for sample in samples)


def folders(folder: Path) -> list[str]:
    """Return the names of the folders in ``folder``, hidden ones and Mac archives' left out."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
    )


def contempt_images(base: Path) -> Iterator[Path]:
    """Yield the images in class folders called contempt, which are no class here."""
    splits = [base / name for name in folders(base) if name.lower() in SPLIT_FOLDERS]
    for parent in splits or [base]:
        for name in filter(_is_contempt, folders(parent)):
            yield from images((parent / name).iterdir())


def is_class(name: str) -> bool:
    """Whether a folder's name is an expression in any known form."""
    try:
        parse_emotion(name)
    except ValueError:
        return False
    return True


def images(paths: Iterable[Path]) -> Iterator[Path]:
    """Keep the image files."""
    return (path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())


def wrong(folder: Path, found: Sequence[str], reason: str) -> DataLayoutError:
    """Build the error that says what was expected and what was found."""
    listing = ", ".join(f"{name}/" for name in found[:12]) or "no folders"
    return DataLayoutError(f"{folder}: {reason}; {EXPECTED}; found {listing}")


EXPECTED = (
    "expected train/ with val/ and/or test/ (each with one folder per expression: "
    f"{', '.join(EMOTIONS)}), or those class folders alone, or RAF-DB (Image/aligned with "
    "list_patition_label.txt, or train/1 to train/7), or a .csv with path,label[,split] or "
    "emotion,pixels[,Usage]"
)


def _class_folders(folder: Path, *, base: Path, split: Split | None) -> Iterator[Sample]:
    names = [name for name in folders(folder) if not _is_contempt(name)]
    unknown = [name for name in names if not is_class(name)]
    if unknown or not names:
        raise wrong(folder, names, f"not an expression: {', '.join(unknown) or 'no folder'}")
    for name in names:
        label = EMOTIONS.index(parse_emotion(name))
        for path in images((folder / name).iterdir()):
            relative = path.relative_to(base).as_posix()
            yield Sample(relative, label, _fer_split(path.name) or split)


def _is_contempt(name: str) -> bool:
    return name.lower() == "contempt"


def _fer_split(file_name: str) -> Split | None:
    return _FER_PREFIXES.get(file_name.partition("_")[0])
