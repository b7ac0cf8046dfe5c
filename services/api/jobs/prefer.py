"""The ``Prefer`` header (RFC 7240): how long a client would rather wait than poll."""

MAX_WAIT_S = 30


def parse_wait(header: str | None) -> int | None:
    """Return the seconds of a ``wait`` preference, at most 30; None without a usable one.

    A preference that makes no sense is ignored, as section 2 of the RFC asks for; of two, the
    first one counts.
    """
    for preference in (header or "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip().strip('"')
            usable = seconds.isascii() and seconds.isdecimal() and len(seconds) <= len("9999999")
            return min(int(seconds), MAX_WAIT_S) or None if usable else None
    return None
