"""Saved predictions, read from a file or a folder of files, whoever wrote them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hfer._text_files import read_text
from hfer.comparison import hume, rekognition
from hfer.comparison.entries import SavedFace, SavedFile, SavedPhoto, mapping
from hfer.errors import SavedFileError

__all__ = ["SavedFace", "SavedFile", "SavedPhoto", "read_saved"]

_SUFFIXES = {".json", ".jsonl", ".ndjson"}


def read_saved(path: str | Path) -> SavedFile:
    """Read saved predictions of Hume or Amazon Rekognition.

    Args:
        path: a file of JSON or JSON Lines, or a folder of such files. Where an answer of
            Rekognition has no name beside it, the file's own name without ``.json`` is the photo's.

    Raises:
        SavedFileError: it cannot be read, or holds predictions of neither service, or of both.
    """
    root = Path(path)
    files = sorted(p for p in root.rglob("*") if p.suffix in _SUFFIXES) if root.is_dir() else [root]
    photos: list[SavedPhoto] = []
    services: set[str] = set()
    for file in files:
        own = file.relative_to(root) if root.is_dir() else Path(file.name)
        for service, photo in _read(file, own.with_suffix("").as_posix()):
            services.add(service)
            photos.append(photo)
    if len(services) != 1:
        found = "of both services" if services else "neither of Hume nor of Amazon Rekognition"
        raise SavedFileError(
            f"{root}: the predictions are {found}. Give what one of them answered: Hume's"
            " predictions of a job, or Rekognition's answers to DetectFaces, as JSON."
        )
    (service,) = services
    known = hume.EQUALS if service == hume.SERVICE else rekognition.EQUALS
    return SavedFile(service, tuple(photos), tuple(known))


def _read(file: Path, name: str) -> Iterator[tuple[str, SavedPhoto]]:
    for entry in _entries(file):
        if hume.is_hume(entry):
            for photo in hume.read_hume(entry):
                yield hume.SERVICE, photo
        else:
            for photo in rekognition.find_answers(entry, name):
                yield rekognition.SERVICE, photo


def _entries(file: Path) -> list[Mapping[str, Any]]:
    text = read_text(file)
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise SavedFileError(f"{file} is nested too deeply.") from error
    except ValueError as error:
        whole = _lines(file, text, error)
    return [mapping(entry) for entry in (whole if isinstance(whole, list) else [whole])]


def _lines(file: Path, text: str, error: ValueError) -> list[object]:
    """Read JSON Lines; a file that is none of them is told of as the JSON that it is not."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        json.loads(lines[0] if len(lines) > 1 else "")
    except ValueError:
        raise SavedFileError(f"{file} is not JSON: {error}.") from error
    found: list[object] = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line))
        except ValueError as fault:
            raise SavedFileError(f"{file}, line {number} is not JSON: {fault}.") from fault
    return found
