"""Reads ``RIGHT.md``: a table of files and, in plain words, of what is right for each.

Read are: how many faces and ``near x 91 y 60 w 86 h 115``, the picture's size (``of 320x320``,
``image 220x220``), an expression's name, ``or uncertain``, ``landmarks turned with it``, ``eyes
below the mouth``, ``in the middle``, ``at the left edge``, ``warning cut_off``, ``hfer submit``,
and ``or an error that says …``. What comes after ``now`` tells how it was and is passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.common.domain.emotions import EMOTIONS
from services.common.domain.faces import Box

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PAST = re.compile(r"\((?:now|today)\b[^)]*\)|[;,.]\s*(?:now|today)\b.*$", re.IGNORECASE)
_COUNT = re.compile(rf"\b(at least )?(\d+|{'|'.join(_NUMBERS)}) faces?\b", re.IGNORECASE)
_PLACE = re.compile(r"\bx (-?[\d.]+),? y (-?[\d.]+),? w ([\d.]+),? h ([\d.]+)")
_SIZE = re.compile(r"(?:\bof|\bimage|\bpicture|\bphoto)(?: of)? (\d+) ?[x×] ?(\d+)\b")
_EYES = re.compile(r"\beyes (below|above|left of|right of|to the left of|to the right of)\b")
_EDGE = re.compile(r"\bat the (left|right|top|bottom|upper|lower) edge\b")
_WARNING = re.compile(r"\bwarnings? `?([a-z]+_[a-z_]+)`?")
_REFUSAL = re.compile(r"(?:\bor\b,? .*?)?\b(?:an error|unsupported_format|a refusal)\b(.*)$")
_EXPRESSION = re.compile(rf"\b({'|'.join(EMOTIONS)})\b", re.IGNORECASE)
# A refusal is right for these formats only, and names them.
_REFUSABLE = ("raw", "float")


@dataclass(frozen=True, slots=True)
class Right:
    """What is right for one file; None and empty where the table does not say.

    Attributes:
        file: its name.
        text: the table's words.
        faces: how many there are.
        or_more: whether more may be found.
        places: where they are, as far as told.
        size: width and height of the upright picture.
        expression: the first answer of every face told of.
        may_be_uncertain: whether "uncertain" is right as well.
        eyes: where the eyes are seen from the mouth: above, below, left or right.
        turned: whether the eyes are not above the mouth.
        middle: whether the face is in the picture's middle.
        edge: which edge of the picture the face touches.
        warnings: names that the face or the photo carries.
        refused_as: what the error names where a refusal is right as well.
        only_refused: whether nothing but a refusal is right.
        collected: whether the client takes the file out of a folder.
    """

    file: str
    text: str
    faces: int
    or_more: bool = False
    places: tuple[Box, ...] = ()
    size: tuple[int, int] | None = None
    expression: str | None = None
    may_be_uncertain: bool = False
    eyes: str | None = None
    turned: bool = False
    middle: bool = False
    edge: str | None = None
    warnings: tuple[str, ...] = ()
    refused_as: str | None = None
    only_refused: bool = False
    collected: bool = False


def read_right(folder: Path) -> list[Right]:
    """Return what ``RIGHT.md`` in ``folder`` says, file by file.

    Raises:
        ValueError: if it holds no such table.
    """
    rows = [right(name, text) for name, text in _cells((folder / "RIGHT.md").read_text("utf-8"))]
    if not rows:
        raise ValueError(f"{folder}/RIGHT.md has no table with the columns file and right")
    return rows


def right(file: str, text: str) -> Right:
    """Return what the words say about one file; without a number it is one face."""
    said = _PAST.sub("", text)
    refusal = _REFUSAL.search(said)
    # What an error would say is no property of the faces.
    faces = said[: refusal.start()] + _after(refusal[1]) if refusal else said
    count = _COUNT.search(faces)
    size = _SIZE.search(faces)
    eyes = _EYES.search(faces)
    edge = _EDGE.search(faces)
    expression = _EXPRESSION.search(faces)
    return Right(
        file=file,
        text=text,
        faces=_number(count[2]) if count else 1,
        or_more=bool(count and count[1]),
        places=tuple(Box(*map(float, found)) for found in _PLACE.findall(faces)),
        size=(int(size[1]), int(size[2])) if size else None,
        expression=expression[1].lower() if expression else None,
        may_be_uncertain="or uncertain" in faces,
        eyes=_side(eyes[1]) if eyes else None,
        turned="turned with it" in faces or "landmarks turned" in faces,
        middle="in the middle" in faces,
        edge=_side(edge[1]) if edge else None,
        warnings=tuple(_WARNING.findall(faces)),
        refused_as=_refusable(refusal[1], file) if refusal else None,
        only_refused=bool(refusal and not said[: refusal.start()].strip(" ,;")),
        collected="hfer submit" in said,
    )


def _cells(text: str) -> Iterator[tuple[str, str]]:
    columns: list[str] = []
    for line in text.splitlines():
        if not line.strip().startswith("|"):
            columns = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not columns:
            columns = [cell.lower() for cell in cells]
        elif set("".join(cells)) - set("-: ") and {"file", "right"} <= set(columns):
            row = dict(zip(columns, cells, strict=False))
            yield row["file"].strip("`"), row.get("right", "")


def _refusable(words: str, file: str) -> str | None:
    told = f"{words} {file}".lower()
    return next((name for name in _REFUSABLE if re.search(rf"(?<![a-z]){name}", told)), None)


def _after(words: str) -> str:
    """What follows the error's description, such as a size that never is right."""
    return words.partition(";")[2]


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS.index(word.lower())


def _side(words: str) -> str:
    last = words.removesuffix(" of").split()[-1]
    return {"upper": "top", "lower": "bottom"}.get(last, last)
