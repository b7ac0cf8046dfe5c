"""What the gallery and the downloads of a job are narrowed to, as the page's address says."""

from collections.abc import Callable, Container, Mapping
from types import MappingProxyType
from urllib.parse import urlencode

from starlette.requests import Request

from services.web.views.expressions import EXPRESSIONS
from services.web.views.photos import ALL_WARNINGS
from services.web.views.review_summary import ANSWERS

ITEM_STATUSES = ("succeeded", "no_face", "failed")
# What the grid shows side by side, and in which order; the API's words for both.
KINDS = ("photos", "faces")
SORTS = (
    "sent",
    "uncertain",
    "margin",
    "confidence",
    "rare",
    "disagreement",
    "faces",
    "size",
    "name",
    "captured",
)
_YES_NO = ("true", "false")
_TEXT_CHARS = 255
_MOST_PX, _MOST_FACES = 20_000, 1_000

Reading = Callable[[str], str]


def one_of(value: str | None, known: Container[str]) -> str:
    """Return a choice, or nothing for what is none."""
    return value if value and value in known else ""


def _choice(known: Container[str]) -> Reading:
    return lambda value: one_of(value, known)


def _share(value: str) -> str:
    try:
        return value if 0 <= float(value) <= 1 else ""
    except ValueError:
        return ""


def _whole(most: int) -> Reading:
    return lambda value: (
        value if value.isascii() and value.isdecimal() and int(value[:9]) <= most else ""
    )


def _text(value: str) -> str:
    plain = "".join(char for char in value if char.isprintable())
    return plain.strip()[:_TEXT_CHARS]


_FILTERS: Mapping[str, Reading] = MappingProxyType(
    {
        "expression": _choice(EXPRESSIONS),
        "min_p": _share,
        "max_p": _share,
        "uncertain": _choice(_YES_NO),
        "warning": _choice(ALL_WARNINGS),
        "min_side": _whole(_MOST_PX),
        "max_side": _whole(_MOST_PX),
        "min_faces": _whole(_MOST_FACES),
        "reviewed": _choice(_YES_NO),
        "differs": _choice(_YES_NO),
        "answer": _choice(ANSWERS),
        "status": _choice(ITEM_STATUSES),
        "folder": _text,
        "q": _text,
    }
)
FILTERS = tuple(_FILTERS)
_LIST: Mapping[str, Reading] = MappingProxyType({"of": _choice(KINDS), "sort": _choice(SORTS)})


def filters(request: Request) -> dict[str, str]:
    """Read the gallery's filter; what is none of its choices asks for nothing."""
    return _read(request, _FILTERS)


def list_of(request: Request) -> dict[str, str]:
    """Read which list the grid shows: of photos or faces, in which order, and its filter."""
    return _read(request, _LIST) | filters(request)


def draw_of(request: Request) -> str:
    """Read the draw that is reviewed blind; empty for none."""
    return _text(request.query_params.get("draw", ""))


def reviewer_of(request: Request) -> str:
    """Read whose votes are asked for; empty for nobody's."""
    return _text(request.query_params.get("reviewer", ""))


def query_of(chosen: Mapping[str, str]) -> str:
    """Write a filter or list as the end of an address; empty for none."""
    return f"?{urlencode(chosen)}" if chosen else ""


def _read(request: Request, known: Mapping[str, Reading]) -> dict[str, str]:
    asked = {name: read(request.query_params.get(name, "")) for name, read in known.items()}
    return {name: value for name, value in asked.items() if value}
