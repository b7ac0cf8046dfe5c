"""Cells of CSV that a spreadsheet would run as a formula, as the service's own CSV guards them."""

# OWASP, CSV injection; the last four are full-width, and the same to Excel in East Asian languages.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARDED = tuple(f"'{start}" for start in _STARTS)


def guarded(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(_STARTS) else text


def unguarded(text: str) -> str:
    """Take the apostrophe of `guarded` away."""
    return text[1:] if text.startswith(_GUARDED) else text
