"""Links that a visitor pasted: how they are split, and what is said when some are refused."""

import re
from collections.abc import Sequence

from services.web.gateway import ApiRefusalError

_PLACE = re.compile(r"#/inputs/(\d+)/")
_SHOWN, _SHOWN_CHARS = 5, 80


def parse_links(text: str) -> list[str]:
    """Return the links of a text: one per line, or with spaces between them. Each comes once."""
    return list(dict.fromkeys(text.split()))


def link_faults(refusal: ApiRefusalError, links: Sequence[str]) -> list[str]:
    """Say which links were refused and why; empty when the refusal is about none of them."""
    faults = [
        (links[int(found[1])], detail)
        for pointer, detail in refusal.faults
        if (found := _PLACE.match(pointer)) and int(found[1]) < len(links)
    ]
    shown = [f"{_shortened(link)}: {detail}" for link, detail in faults[:_SHOWN]]
    rest = len(faults) - _SHOWN
    return [*shown, f"and {rest:,} more"] if rest > 0 else shown


def _shortened(link: str) -> str:
    return link if len(link) <= _SHOWN_CHARS else f"{link[: _SHOWN_CHARS - 1]}…"
