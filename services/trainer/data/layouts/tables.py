"""CSV files: FER2013 as it was published, with FER+ labels where they lie beside it, and any.

fer2013.csv      emotion,pixels,Usage; emotion 0 to 6, pixels 48 x 48 gray values, Usage Training,
                 PublicTest or PrivateTest
fer2013new.csv   FER+ (Barsoum et al., arXiv 1608.01041): ten people's votes per row of it. The
                 majority labels the image; unknown, contempt and no-face rows are left out
any other        path,label[,split]: paths relative to the file, labels in any known form
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from services.common.domain.emotions import EMOTIONS, Emotion, parse_emotion
from services.trainer.data.layouts.folders import SPLIT_FOLDERS
from services.trainer.data.layouts.sample import Sample, Split
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
_USAGES = {
    "Training": Split.TRAIN,
    "PublicTest": Split.VALIDATION,
    "PrivateTest": Split.TEST,
}
_PIXELS = {"emotion", "pixels", "Usage"}
_PATHS = {"path", "label"}
_FER_PLUS = "fer2013new.csv"
_FER_SIDE = 48
# One row of pixels is about 8 kB; the csv module's own limit would do, this one says so.
_LONGEST_FIELD = 1_000_000


def scan_table(path: Path) -> list[Sample]:
    """List the images of a CSV file.

    Raises:
        DataLayoutError: if the columns are not known, or a row does not fit; the text names it.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = set(rows.fieldnames or ())
            if columns >= _PIXELS:
                votes = _fer_plus(path.parent / _FER_PLUS)
                return list(_fer_rows(rows, path, votes))
            if columns >= _PATHS:
                return list(_path_rows(rows, path))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataLayoutError(f"{path.name} is not a CSV file in UTF-8: {error}") from error
    raise DataLayoutError(
        f"{path.name}: expected the columns path,label[,split] or emotion,pixels,Usage; found "
        f"{','.join(sorted(columns))[:100] or 'none'}"
    )


def _fer_rows(
    rows: Iterable[Mapping[str, str]], path: Path, votes: Mapping[int, int | None] | None
) -> Iterator[Sample]:
    for index, row in enumerate(rows):
        try:
            split, label = _USAGES[row["Usage"]], _FER_LABELS[row["emotion"]]
            pixels = bytes(map(int, row["pixels"].split()))
        except (KeyError, ValueError, AttributeError) as error:
            raise _bad_row(path, index, error) from error
        if len(pixels) != _FER_SIDE**2:
            raise _bad_row(path, index, f"{len(pixels)} pixels in place of {_FER_SIDE**2}")
        if votes is not None:
            voted = votes.get(index)
            if voted is None:
                continue
            label = voted
        yield Sample(f"{path.name}#{index}", label, split, pixels)


def _fer_plus(path: Path) -> dict[int, int | None] | None:
    """Return each row's majority label, None where it is no expression of ours; None: no file."""
    if not path.is_file():
        return None
    found: dict[int, int | None] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for index, row in enumerate(csv.DictReader(file)):
            counts = {name: int(value) for name, value in row.items() if (value or "").isdecimal()}
            winner = max(counts, key=lambda name: counts[name]) if counts else ""
            tied = list(counts.values()).count(counts.get(winner, 0)) > 1
            found[index] = None if tied else _label(winner)
    return found


def _path_rows(rows: Iterable[Mapping[str, str]], path: Path) -> Iterator[Sample]:
    base = path.parent.resolve()
    for index, row in enumerate(rows):
        label, given = _label(row["label"] or ""), (row.get("split") or "").lower()
        split = SPLIT_FOLDERS.get(given)
        if label is None or (given and split is None):
            raise _bad_row(path, index, f"label {row['label']!r}, split {given!r}")
        image = (base / (row["path"] or "")).resolve()
        if not image.is_relative_to(base) or not image.is_file():
            raise _bad_row(path, index, f"no file {row['path']!r} below {base.name}/")
        yield Sample(image.relative_to(base).as_posix(), label, split)


def _label(name: str) -> int | None:
    try:
        return EMOTIONS.index(parse_emotion(name))
    except ValueError:
        return None


def _bad_row(path: Path, index: int, reason: object) -> DataLayoutError:
    # The header is line 1.
    return DataLayoutError(f"{path.name}, line {index + 2}: {reason}; correct or remove it.")
