"""Tables of votes: a row a face, a column a choice, a count in each cell.

docs/training.md has the formats.

file,…      FER+ joined to file names, an export of reviews, or any other: the image's name, or its
            path below the data folder where the name alone stands for several images
row,…       the row of the data's own CSV file, counted from 0
Usage,Image name,…   FER+ as published (``fer2013new.csv``): its rows are those of fer2013.csv
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.common.domain.emotions import EMOTIONS, parse_emotion
from services.trainer.data.votes.counts import CHOICES, OTHERS
from services.trainer.errors import VotesError

NOT_FACES = "not_faces.txt"
_PUBLISHED = {"Usage", "Image name"}

# A file name or path, or the row of a table.
Key = str | int
Counts = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VoteTable:
    """The votes of several files: counts in the order of ``CHOICES`` by image.

    Attributes:
        counts: by image.
        places: the file and line of each, for sentences about it.
        doubled: the second place of a file name that is in two rows.
        not_faces: names of images to leave out.
        usages: by row, what FER+ as published says in its column Usage.
    """

    counts: dict[Key, Counts] = field(default_factory=dict)
    places: dict[Key, str] = field(default_factory=dict)
    doubled: dict[Key, str] = field(default_factory=dict)
    not_faces: set[str] = field(default_factory=set)
    usages: dict[int, str] = field(default_factory=dict)


def read_votes(sources: Sequence[Path]) -> VoteTable:
    """Read tables (``.csv``), lists of images to leave out (``.txt``), or folders of both.

    A file ``not_faces.txt`` beside a table is read with it.

    Raises:
        VotesError: if a file is missing or no such table, or a row does not fit; the sentence
            names file and line.
    """
    table = VoteTable()
    for path in _files(sources):
        if path.suffix.lower() == ".csv":
            _read_table(path, table)
        else:
            lines = path.read_text("utf-8", errors="replace").splitlines()
            table.not_faces.update(line.strip() for line in lines if line.strip())
    return table


def _files(sources: Sequence[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for source in sources:
        if source.is_dir():
            found = [p for p in sorted(source.iterdir()) if p.suffix.lower() in {".csv", ".txt"}]
        else:
            found = [source, *filter(Path.is_file, [source.parent / NOT_FACES])]
        if not found or not all(path.is_file() for path in found):
            raise VotesError(f"{source}: there are no votes; name a .csv file or a folder of them.")
        files |= dict.fromkeys(found)
    return list(files)


def _read_table(path: Path, table: VoteTable) -> None:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            names = [name.strip() for name in rows.fieldnames or ()]
            rows.fieldnames = names
            columns = _columns(path, names)
            for index, row in enumerate(rows):
                where = f"{path.name}, line {rows.line_num}"
                key = _key(row, index, where)
                if key in table.counts:
                    table.doubled[key] = where
                    continue
                table.counts[key] = _counts(row, columns, where)
                table.places[key] = where
                if isinstance(key, int) and "Usage" in row:
                    table.usages[key] = row["Usage"] or ""
    except (csv.Error, UnicodeDecodeError) as error:
        raise VotesError(f"{path.name} is not a CSV file in UTF-8: {error}.") from error


def _columns(path: Path, names: Sequence[str]) -> Mapping[str, str]:
    """Return the column of each choice; the three others may be missing."""
    found: dict[str, str] = {}
    for name in names:
        choice = _choice(name)
        if choice is not None and found.setdefault(choice, name) != name:
            raise VotesError(
                f"{path.name}, line 1: {found[choice]} and {name} are the same choice; keep one."
            )
    missing = [str(emotion) for emotion in EMOTIONS if emotion not in found]
    if missing or not ({"file", "row"} & set(names) or set(names) >= _PUBLISHED):
        raise VotesError(
            f"{path.name}, line 1: expected a column file or row and one for each of "
            f"{', '.join(EMOTIONS)}; found {','.join(names)[:100] or 'none'}."
        )
    return found


def _choice(name: str) -> str | None:
    if name.lower() in OTHERS:
        return name.lower()
    try:
        return parse_emotion(name)
    except ValueError:
        return None


def _key(row: Mapping[str, str | None], index: int, where: str) -> Key:
    if "file" in row:
        name = (row["file"] or "").strip()
        if not name:
            raise VotesError(f"{where}: the name of the image is missing; add it.")
        return name.removeprefix("./")
    if "row" not in row:
        return index
    text = (row["row"] or "").strip()
    if not text.isdecimal():
        raise VotesError(f"{where}: the row {text[:40]!r} is no number from 0; correct it.")
    return int(text)


def _counts(row: Mapping[str, str | None], columns: Mapping[str, str], where: str) -> Counts:
    if None in row:
        raise VotesError(f"{where}: there are more cells than columns; correct the row.")
    counts = dict.fromkeys(CHOICES, 0.0)
    for choice, column in columns.items():
        text = (row[column] or "").strip()
        try:
            counts[choice] = float(text)
        except ValueError:
            counts[choice] = math.nan
        if not math.isfinite(counts[choice]):
            raise VotesError(f"{where}: {text[:40]!r} for {column} is no number; correct it.")
        if counts[choice] < 0:
            raise VotesError(f"{where}: {text[:40]} votes for {column} are negative; correct them.")
    if not sum(counts.values()):
        raise VotesError(f"{where}: the votes sum to 0; remove the row or add its votes.")
    return tuple(counts.values())


def named(key: Key) -> str:
    """Return what a sentence calls an image."""
    return f"row {key}" if isinstance(key, int) else key
