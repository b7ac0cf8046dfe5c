"""What a client would like, if it can be had: the header `Prefer` (RFC 7240)."""

from collections.abc import Iterable


def preference(prefer: str | None, name: str) -> str | None:
    """Return the value of the preference ``name``; empty where it has none, None without it.

    Of two, the first one counts; what makes no sense is ignored (section 2 of the RFC).
    """
    for given in (prefer or "").split(","):
        token, _, value = given.partition(";")[0].partition("=")
        if token.strip().lower() == name:
            return value.strip().strip('"')
    return None


def is_strict(prefer: Iterable[str]) -> bool:
    """Whether unknown parts of a request are to be refused: ``handling=strict``."""
    return preference(",".join(prefer), "handling") == "strict"
