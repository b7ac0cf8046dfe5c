"""The folder of ``--out``: annotated photos under their own names, and the results.

Names come from the service, so they are treated as hostile: no name leaves the folder, hides
itself, or lands on another photo.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from hfer.errors import GoneError, NotFoundError
from hfer.jobs import Job
from hfer.models import PhotoResult, ResultFormat

# With room for the ending below in the 255 bytes that file systems give a name.
LONGEST_STEM_BYTES = 200

# The service draws on demand; more at once would only queue there.
PARALLEL_DOWNLOADS = 4

ENDING = ".annotated.jpg"

DRAWABLE = frozenset({"succeeded", "no_face"})


def unique_names(filenames: Iterable[str]) -> Iterator[str]:
    """Give each photo the name of its annotated copy: ``a.png`` becomes ``a.annotated.jpg``.

    The ending keeps a copy from overwriting its original when both share a folder. Names that
    differ only in case or Unicode form collide on macOS and Windows, so they get a number too.
    """
    taken: set[str] = set()
    for filename in filenames:
        stem = _stem(filename)
        name, number = stem, 1
        while _folded(name) in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(_folded(name))
        yield name + ENDING


def write_results(job: Job, folder: Path, *, partial: bool) -> None:
    """Write ``results.json`` and ``results.csv``; a broken download leaves the old file."""
    for encoding in (ResultFormat.JSON, ResultFormat.CSV):
        target = folder / f"results.{encoding}"
        unfinished = target.with_suffix(f".{encoding}.part")
        with unfinished.open("wb") as file:
            file.writelines(job.results_bytes(encoding, partial=partial))
        unfinished.replace(target)


def plan_annotated(results: Iterable[PhotoResult]) -> list[tuple[PhotoResult, str]]:
    """Choose the photos that can be drawn on (the analysed ones), and name their copies."""
    photos = [photo for photo in results if photo.status in DRAWABLE]
    return list(zip(photos, unique_names(photo.filename for photo in photos), strict=True))


def write_annotated(
    job: Job,
    plan: list[tuple[PhotoResult, str]],
    folder: Path,
    *,
    on_done: Callable[[], None],
) -> int:
    """Fetch and write the planned copies.

    Returns:
        how many the service no longer has (their retention time is over).
    """

    def fetch(entry: tuple[PhotoResult, str]) -> bool:
        photo, name = entry
        try:
            image = job.annotated(photo.item_id)
        except (GoneError, NotFoundError):
            return False
        finally:
            on_done()
        (folder / name).write_bytes(image)
        return True

    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        return sum(not written for written in pool.map(fetch, plan))


def _stem(filename: str) -> str:
    """Reduce a name to one harmless path segment without its ending."""
    last = PurePosixPath(filename.replace("\\", "/")).name
    stem = PurePosixPath(last).stem
    clean = "".join(sign if sign.isprintable() and sign not in ':*?"<>|' else "_" for sign in stem)
    short = clean.encode()[:LONGEST_STEM_BYTES].decode(errors="ignore")
    return short.strip(". ") or "photo"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
