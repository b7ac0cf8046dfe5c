"""Text that is safe in a terminal.

A file name may hold escape sequences that move the cursor, or right-to-left marks that hide
an extension. Whatever comes from disk or network passes through here before it is shown.
"""

import codecs
from collections.abc import Iterable, Iterator

from hfer._names import is_harmless

LINE_SIGNS = frozenset("\n\r\t")


def safe(text: str, *, keep: frozenset[str] = frozenset()) -> str:
    r"""Replace every sign that does not print by its Python escape, for example ``\x1b``.

    Joiners inside of words and emoji stay, and emoji that are younger than this Python.
    """
    return "".join(
        sign
        if sign.isprintable() or sign in keep or (is_harmless(sign) and not sign.isspace())
        else sign.encode("unicode_escape").decode("ascii")
        for sign in text
    )


def safe_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Make a UTF-8 stream safe block by block; line ends and tabs stay."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for block in blocks:
        yield safe(decoder.decode(block), keep=LINE_SIGNS).encode()
    yield safe(decoder.decode(b"", final=True), keep=LINE_SIGNS).encode()
