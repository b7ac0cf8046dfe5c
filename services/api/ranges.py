"""Files that are held whole: entity tags, and parts of them (RFC 9110, 13 and 14)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.responses import Response

from services.api.docs import carrying
from services.api.errors import ApiError
from services.api.etags import matches
from services.api.problems import ProblemCode

# One range: of several, which nobody asked for so far, the whole file is the answer, as it may be.
_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a request wants of a file. Endpoints take it as `Ranged`."""

    wanted: Annotated[
        str | None,
        Header(
            alias="Range",
            description="one part of the file, as `bytes=0-1023`; several give the whole file",
        ),
    ] = None
    if_range: Annotated[
        str | None,
        Header(description="`ETag` of a part had before: the whole file where it has changed"),
    ] = None
    if_none_match: Annotated[str | None, Header(description="`ETag` of the file had before")] = None

    def answer(self, content: bytes, *, media_type: str, headers: Mapping[str, str]) -> Response:
        """Answer with ``content``, the part of it that is wanted, or that it is known already.

        Raises:
            ApiError: RANGE_NOT_SATISFIABLE, the part begins behind the end.
        """
        tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        told = {**headers, "ETag": tag, "Accept-Ranges": "bytes"}
        if matches(self.if_none_match, tag):
            return Response(status_code=304, headers=told)
        # A date never fits: there are none of ours.
        fresh = self.if_range in {None, tag}
        part = find_part(self.wanted or "", len(content)) if fresh else None
        if part is None:
            return Response(content, media_type=media_type, headers=told)
        told["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
        return Response(
            content[part.start : part.stop], status_code=206, media_type=media_type, headers=told
        )


Ranged = Annotated[Ranges, Depends()]


def ranged_responses(content: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Document the answers that `Ranges` adds to a file of ``content``."""
    part = carrying("ETag", "Content-Range")
    return {
        206: {"content": dict(content), "description": "The part that `Range` asks for", **part},
        304: {"description": "Not changed since `If-None-Match`", **carrying("ETag")},
    }


def find_part(header: str, size: int) -> range | None:
    """Return the places of the bytes that a ``Range`` asks for; None: it asks for no part.

    Raises:
        ApiError: RANGE_NOT_SATISFIABLE.
    """
    match = _ONE.fullmatch(header)
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.group(1, 2)
    if not first:
        part = range(max(size - int(last), 0), size)
    elif last and int(last) < int(first):
        return None
    else:
        part = range(int(first), min(int(last) + 1, size) if last else size)
    if not part:
        raise ApiError(
            ProblemCode.RANGE_NOT_SATISFIABLE,
            f"The file has {size} bytes.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return part
