"""Which faces of a photo are those that a filter asks for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Face = Mapping[str, Any]


def _p(face: Face) -> float:
    return max(face["emotions"].values(), default=0.0)


def _side(face: Face) -> float:
    return max(float(face["box"]["w"]), float(face["box"]["h"]))


# By name of the filter, as the API narrows by them; the others ask something of the photo.
_TESTS: Mapping[str, Callable[[Face, str], bool]] = MappingProxyType(
    {
        "expression": lambda face, value: max(face["emotions"], key=face["emotions"].get) == value,
        "min_p": lambda face, value: _p(face) >= float(value),
        "max_p": lambda face, value: _p(face) <= float(value),
        "uncertain": lambda face, value: bool(face.get("uncertain")) == (value == "true"),
        "warning": lambda face, value: value in (face.get("warnings") or ()),
        "min_side": lambda face, value: _side(face) >= float(value),
        "max_side": lambda face, value: _side(face) <= float(value),
    }
)


def asks_of_faces(narrow: Mapping[str, str]) -> bool:
    """Whether a filter asks something of a face: else none is marked."""
    return not _TESTS.keys().isdisjoint(narrow)


def is_match(face: Face, narrow: Mapping[str, str]) -> bool:
    """Whether ``face``, as the API gives it, is one that the filter asks for."""
    asked = [(test, narrow[name]) for name, test in _TESTS.items() if name in narrow]
    return bool(asked) and all(test(face, value) for test, value in asked)
