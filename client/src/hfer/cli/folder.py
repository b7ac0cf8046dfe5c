"""The folder of ``--out``: annotated photos under their own names, and the results.

Names come from the service, so they are treated as hostile: no name leaves the folder, hides
itself, or lands on another photo.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from hfer._formulas import guarded
from hfer._names import is_harmless
from hfer.errors import GoneError, NotFoundError
from hfer.jobs import Job
from hfer.models import PhotoResult, ResultFormat

# With room for the ending below in the 255 bytes that file systems give a name.
LONGEST_STEM_BYTES = 200

# The service draws on demand; more at once would only queue there.
PARALLEL_DOWNLOADS = 4

ENDING = ".annotated.jpg"

# The last column of results.csv in the folder.
FILE_COLUMN = "annotated_file"

# What Windows takes for a device, whatever its ending.
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
)

Plan: TypeAlias = list[tuple[PhotoResult, str]]

DRAWABLE = frozenset({"succeeded", "no_face"})


def unique_names(filenames: Iterable[str]) -> Iterator[str]:
    """Give each photo the name of its annotated copy: ``a.png`` becomes ``a.annotated.jpg``.

    The ending keeps a copy from overwriting its original when both share a folder. Names that
    differ only in case or Unicode form collide on macOS and Windows, so they get a number too.
    """
    taken: set[str] = set()
    numbers: dict[str, int] = {}  # the last of each stem: 100,000 photos may all have one name
    for filename in filenames:
        stem = _stem(filename)
        name, number = stem, numbers.get(_folded(stem), 1)
        while _folded(name) in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(_folded(name))
        numbers[_folded(stem)] = number
        yield name + ENDING


def write_results(job: Job, folder: Path, plan: Plan, *, partial: bool) -> None:
    """Write ``results.json`` and ``results.csv``; a broken download leaves the old file.

    The CSV has one column more than the service's, the last: the photo's file in this folder.
    """
    names = {photo.item_id: name for photo, name in plan}
    for encoding in (ResultFormat.JSON, ResultFormat.CSV):
        unfinished = folder / f"results.{encoding}.part"
        with unfinished.open("wb") as file:
            file.writelines(job.results_bytes(encoding, partial=partial))
        if encoding is ResultFormat.CSV:
            _add_column(unfinished, names)
        unfinished.replace(folder / f"results.{encoding}")


def plan_annotated(results: Iterable[PhotoResult]) -> Plan:
    """Choose the photos that can be drawn on (the analysed ones), and name their copies."""
    photos = [photo for photo in results if photo.status in DRAWABLE]
    return list(zip(photos, unique_names(photo.filename for photo in photos), strict=True))


def write_annotated(
    job: Job,
    plan: Plan,
    folder: Path,
    *,
    on_done: Callable[[], None],
) -> Plan:
    """Fetch and write the planned copies.

    Returns:
        those written; the service no longer has the others (their retention time is over).
    """

    def fetch(entry: tuple[PhotoResult, str]) -> bool:
        photo, name = entry
        try:
            image = job.annotated(photo.item_id)
        except (GoneError, NotFoundError):
            return False
        finally:
            on_done()
        # By another name first: a link of this name would lead the bytes out of the folder.
        unfinished = folder / f"{name}.part"
        unfinished.unlink(missing_ok=True)
        with unfinished.open("xb") as file:
            file.write(image)
        unfinished.replace(folder / name)
        return True

    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        return [
            entry for entry, written in zip(plan, pool.map(fetch, plan), strict=True) if written
        ]


def _add_column(table: Path, names: Mapping[str, str]) -> None:
    wider = table.with_suffix(".wider")
    with (
        table.open(encoding="utf-8", newline="") as source,
        wider.open("w", encoding="utf-8", newline="") as target,
    ):
        rows, writer = csv.reader(source), csv.writer(target)
        header = next(rows, [])
        place = header.index("item_id") if "item_id" in header else None
        writer.writerow([*header, FILE_COLUMN])
        for row in rows:
            writer.writerow([*row, "" if place is None else guarded(names.get(row[place], ""))])
    wider.replace(table)


def _stem(filename: str) -> str:
    """Reduce a name to one harmless path segment without its ending."""
    last = PurePosixPath(filename.replace("\\", "/")).name
    stem = PurePosixPath(last).stem
    clean = "".join(sign if is_harmless(sign) and sign not in ':*?"<>|' else "_" for sign in stem)
    short = clean.encode()[-LONGEST_STEM_BYTES:].decode(errors="ignore")
    name = short.strip(". ") or "photo"
    return f"_{name}" if name.partition(".")[0].strip().upper() in _DEVICES else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
