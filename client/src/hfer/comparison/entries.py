"""What is read out of a saved file, whoever wrote it, and how single values are read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hfer.errors import SavedFileError
from hfer.models import Box


@dataclass(frozen=True, slots=True)
class SavedFace:
    """A face as another service saw it.

    Attributes:
        number: its place in the photo's list, from 0.
        box: in pixels of the photo; in shares of its width and height where ``relative``.
        relative: whether the box is in shares.
        scores: by our names, of the expressions that have an equal; only their order counts.
        top: the service's own name of what it scored highest, None where it scored nothing.
    """

    number: int
    box: Box
    relative: bool
    scores: Mapping[str, float]
    top: str | None


@dataclass(frozen=True, slots=True)
class SavedPhoto:
    """A photo of a saved file.

    Attributes:
        name: as the file has it: a name, a path or a URL; empty where it has none.
        faces: in the file's order.
        md5: of its bytes, lower case hex, where the file tells.
        problem: why it cannot be compared, None if it can.
    """

    name: str
    faces: tuple[SavedFace, ...] = ()
    md5: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class SavedFile:
    """Saved predictions: of which service, their photos, and the expressions that have an equal."""

    service: str
    photos: tuple[SavedPhoto, ...] = ()
    expressions: tuple[str, ...] = field(default=())


def number_at(source: Mapping[str, Any], key: str, *, about: str) -> float:
    """Read a finite number.

    Raises:
        SavedFileError: it is missing, or none.
    """
    value = source.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SavedFileError(
            f"{about}: {key} is not a number, so that the file cannot be compared."
        )
    return float(value)


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[Any]:
    """Return an array of JSON, an empty one for anything else."""
    return value if isinstance(value, list) else []
