"""What the page's processes count together."""

from enum import StrEnum


class MarkKind(StrEnum):
    """What a mark is of."""

    LOGIN = "login"  # wrong passwords of an address, or of all
    SESSION = "session"  # a session that was ended
