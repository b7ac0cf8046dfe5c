"""The catalogue as Markdown: a page per problem, one for all, and a section of the reference."""

import json
from collections.abc import Sequence

from services.api.catalogue.entries import ProblemEntry

# Relative: the service may be below a proxy's prefix.
_TO_ENTRY, _TO_INDEX = "problems/{code}", "../problems"
_INTRODUCTION = (
    "Every error of this service is `application/problem+json` (RFC 9457). Programs switch on its"
    " `code`; its `type` is the address of the page that explains it."
)


def entry_page(entry: ProblemEntry) -> str:
    """Return the page behind the ``type`` of a problem."""
    return "\n".join([f"# {entry.title}", *_explained(entry), f"[All problems]({_TO_INDEX})", ""])


def index_page(entries: Sequence[ProblemEntry]) -> str:
    """Return the list of all problems."""
    return "\n".join(["# Problems", "", _INTRODUCTION, "", *overview(entries, links=_TO_ENTRY), ""])


def overview(entries: Sequence[ProblemEntry], *, links: str) -> list[str]:
    """Return the lines of a table of all problems; ``links`` is a pattern with ``{code}``."""
    rows = [
        f"| {entry.status} | [`{entry.code}`]({links.format(code=entry.code)}) | {entry.title} |"
        for entry in entries
    ]
    return ["| status | code | |", "|---|---|---|", *rows]


def section(entry: ProblemEntry) -> list[str]:
    """Return the lines of a problem in a longer page; its code is the heading."""
    return [f"### {entry.code}", "", f"**{entry.title}**", *_explained(entry)]


def _explained(entry: ProblemEntry) -> list[str]:
    again = "may succeed later" if entry.retryable else "will fail again"
    example = json.dumps(entry.example.model_dump(exclude_none=True), indent=2)
    return [
        "",
        f"Status {entry.status}, code `{entry.code}`. The same request {again}.",
        "",
        entry.meaning,
        "",
        f"**Where it comes from.** {entry.cause}",
        "",
        f"**What to do.** {entry.remedy}",
        "",
        "```json",
        example,
        "```",
        "",
    ]
