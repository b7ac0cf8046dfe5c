"""Query parameters that an operation does not know: refused where one looks like a slip.

A misspelt filter that is ignored gives more rows than were asked for, and nobody notices. Others
are ignored, as proxies and scripts add their own, and the answer names them.
"""

from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from services.api.errors import ApiError
from services.api.middleware import ANSWER_HEADERS
from services.api.preferences import is_strict
from services.api.problems import FieldError, ProblemCode

IGNORED_HEADER = "Ignored-Parameters"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_FAMILIES = "query_families"
# "state" is 0.73 like "status", "format" 0.5 like "from".
_LIKENESS = 0.7
_SHORTEST_PART = 4
_NAMED, _NAME_CHARS = 10, 100
# Likeness costs 15 us a pair: 64 kB of names would hold a core for seconds.
_MOST_UNKNOWN = 50


def takes_family(head: str) -> Callable[[Endpoint], Endpoint]:
    """Say that an endpoint takes every parameter whose name begins with ``head``."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _FAMILIES, (head,))
        return endpoint

    return mark


def check_query(request: Request) -> None:
    """Refuse parameters that are nearly one of the operation's; name the others in the answer.

    With ``Prefer: handling=strict`` all that it does not know are refused, and more than 50 always.

    Raises:
        ApiError: VALIDATION, with a pointer to each.
    """
    headers = request.scope.setdefault(ANSWER_HEADERS, {})
    strict = is_strict(request.headers.getlist("prefer"))
    if strict:
        headers["Preference-Applied"] = "handling=strict"
    if not request.query_params:
        return
    known, families = _known(request)
    unknown = [
        name
        for name in dict.fromkeys(request.query_params)
        if name not in known and not name.startswith(families)
    ]
    strict = strict or len(unknown) > _MOST_UNKNOWN
    faults = [
        FieldError(pointer=f"#/query/{name}", detail=_sentence(meant))
        for name in (name[:_NAME_CHARS] for name in unknown[:_MOST_UNKNOWN])
        if (meant := nearest(name, known, families)) or strict
    ]
    if faults:
        first = faults[0]
        raise ApiError(ProblemCode.VALIDATION, f"{first.pointer}: {first.detail}", errors=faults)
    if unknown:
        names = [quote(name[:_NAME_CHARS], safe="") for name in unknown[:_NAMED]]
        headers[IGNORED_HEADER] = ", ".join(names)


def nearest(name: str, known: Iterable[str], families: Iterable[str] = ()) -> str | None:
    """Return the parameter that ``name`` was probably meant to be; None if it is like none."""
    given = _plain(name)
    for head in families:
        if given.startswith(_plain(head)):
            return f"{head}<name>"
    likeness = {one: _likeness(given, _plain(one)) for one in known}
    best = max(likeness, key=lambda one: likeness[one], default=None)
    return best if best is not None and likeness[best] >= _LIKENESS else None


def _likeness(given: str, one: str) -> float:
    shorter, longer = sorted((given, one), key=len)
    if len(shorter) >= _SHORTEST_PART and longer.startswith(shorter):
        return 1.0
    return SequenceMatcher(None, given, one).ratio()


def _plain(name: str) -> str:
    """Return what is left without case and separators: `createdAfter` is `created_after`."""
    return "".join(char for char in name.lower() if char.isalnum())


def _known(request: Request) -> tuple[set[str], tuple[str, ...]]:
    route = request.scope["route"]
    families: tuple[str, ...] = getattr(route.endpoint, _FAMILIES, ())
    return set(_names_of(route.dependant)), families


def _names_of(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _names_of(dependency)


def _sentence(meant: str | None) -> str:
    if meant is None:
        return "There is no such parameter here."
    return f"There is no such parameter here; did you mean '{meant}'?"
