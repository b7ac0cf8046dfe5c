"""CSV files: FER2013 as it was published and as Kaggle has it, and any with paths.

fer2013.csv, icml_face_data.csv   emotion,pixels,Usage in any order, blanks around them allowed;
                 emotion 0 to 6, pixels 48 x 48 gray values, Usage Training, PublicTest or
                 PrivateTest
train.csv        emotion,pixels: the training images of Kaggle's competition
file and a column for each expression   votes, such as an export of reviews or a data set of the
                 service: paths relative to the table; the votes themselves are read by
                 ``data/votes``. A column split is read, and margin and roll: where the face is
any other        path,label[,split]: paths relative to the file, labels in any known form
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from services.common.domain.emotions import EMOTIONS, Emotion, parse_emotion
from services.trainer.data.layouts.folders import SPLIT_FOLDERS
from services.trainer.data.layouts.sample import KnownBox, Sample, Split
from services.trainer.errors import DataLayoutError

_FER_NUMBERS = (
    Emotion.ANGER,
    Emotion.DISGUST,
    Emotion.FEAR,
    Emotion.HAPPINESS,
    Emotion.SADNESS,
    Emotion.SURPRISE,
    Emotion.NEUTRAL,
)
_FER_LABELS = {str(number): EMOTIONS.index(name) for number, name in enumerate(_FER_NUMBERS)}
USAGES = {
    "Training": Split.TRAIN,
    "PublicTest": Split.VALIDATION,
    "PrivateTest": Split.TEST,
}
_PIXELS = {"emotion", "pixels"}
_PATHS = {"path", "label"}
_FER_SIDE = 48
# One row of pixels is about 8 kB; the csv module's own limit would do, this one says so.
_LONGEST_FIELD = 1_000_000
_WIDEST_MARGIN = 4


def scan_table(path: Path) -> list[Sample]:
    """List the images of a CSV file.

    Raises:
        DataLayoutError: if the columns are not known, or a row does not fit; the text names it.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]
            columns = set(rows.fieldnames)
            if columns >= _PIXELS:
                return list(_fer_rows(rows, path))
            if columns >= _PATHS:
                return list(_path_rows(rows, path))
            if _are_votes(columns):
                return list(_voted_rows(rows, path))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataLayoutError(f"{path.name} is not a CSV file in UTF-8: {error}") from error
    raise DataLayoutError(
        f"{path.name}: expected the columns path,label[,split] or emotion,pixels[,Usage] or file "
        "and one for each expression; found "
        f"{','.join(sorted(columns))[:100] or 'none'}"
    )


def is_votes(path: Path) -> bool:
    """Whether a CSV file names images and has a column for each of the seven expressions."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _are_votes({name.strip() for name in next(csv.reader(file), [])})
    except (OSError, csv.Error, UnicodeDecodeError):
        return False


def _are_votes(columns: set[str]) -> bool:
    found = {_label(name) for name in columns} - {None}
    return "file" in columns and len(found) == len(EMOTIONS)


def _voted_rows(rows: Iterable[Mapping[str, str]], path: Path) -> Iterator[Sample]:
    """Yield the images that are there, each with the expression that most chose."""
    base = path.parent.resolve()
    for index, row in enumerate(rows):
        try:
            votes = {
                label: float(text or 0)
                for name, text in row.items()
                if (label := _label(name or "")) is not None
            }
        except (TypeError, ValueError) as error:
            raise _bad_row(path, index, error) from error
        image = _image(base, row["file"], path, index)
        label = max(votes, key=lambda label: (votes[label], -label))
        split = _split(row, path, index)
        yield Sample(image, label, split, box=_box(row, path, index))


def _fer_rows(rows: Iterable[Mapping[str, str]], path: Path) -> Iterator[Sample]:
    for index, row in enumerate(rows):
        try:
            # Without the column, as in Kaggle's train.csv, nothing says what a row is for.
            split = USAGES[row["Usage"].strip()] if "Usage" in row else None
            label = _FER_LABELS[row["emotion"].strip()]
            pixels = bytes(map(int, row["pixels"].split()))
        except (KeyError, ValueError, AttributeError) as error:
            raise _bad_row(path, index, error) from error
        if len(pixels) != _FER_SIDE**2:
            raise _bad_row(path, index, f"{len(pixels)} pixels in place of {_FER_SIDE**2}")
        yield Sample(f"{path.name}#{index}", label, split, pixels)


def _path_rows(rows: Iterable[Mapping[str, str]], path: Path) -> Iterator[Sample]:
    base = path.parent.resolve()
    for index, row in enumerate(rows):
        label = _label(row["label"] or "")
        if label is None:
            raise _bad_row(path, index, f"label {row['label']!r}")
        yield Sample(_image(base, row["path"], path, index), label, _split(row, path, index))


def _split(row: Mapping[str, str], path: Path, index: int) -> Split | None:
    given = (row.get("split") or "").strip().lower()
    if given and given not in SPLIT_FOLDERS:
        raise _bad_row(path, index, f"split {given!r}")
    return SPLIT_FOLDERS.get(given)


def _box(row: Mapping[str, str], path: Path, index: int) -> KnownBox | None:
    margin, roll = (row.get("margin") or "").strip(), (row.get("roll") or "").strip()
    if not margin:
        return None
    try:
        box = KnownBox(float(margin), float(roll) if roll else None)
    except ValueError as error:
        raise _bad_row(path, index, f"margin {margin!r}, roll {roll!r}") from error
    if not 0 <= box.margin <= _WIDEST_MARGIN:
        raise _bad_row(path, index, f"margin {margin!r}")
    return box


def _image(base: Path, name: str | None, path: Path, index: int) -> str:
    image = (base / (name or "").strip()).resolve()
    if not image.is_relative_to(base) or not image.is_file():
        raise _bad_row(path, index, f"no file {name!r} below {base.name}/")
    return image.relative_to(base).as_posix()


def _label(name: str) -> int | None:
    try:
        return EMOTIONS.index(parse_emotion(name))
    except ValueError:
        return None


def _bad_row(path: Path, index: int, reason: object) -> DataLayoutError:
    # The header is line 1.
    return DataLayoutError(f"{path.name}, line {index + 2}: {reason}; correct or remove it.")
