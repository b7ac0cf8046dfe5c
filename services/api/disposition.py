"""The `Content-Disposition` of a form's part, as browsers, tools and mail libraries write it."""

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(r""";\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
# All that browsers escape (HTML, multipart/form-data encoding), so all that is undone.
_BROWSERS = re.compile("%(22|0D|0A)", re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[BQbq]\?[^?]*\?=")
# RFC 5987 lets senders choose between them; RFC 8187 left UTF-8 alone.
_CHARSETS = frozenset({"utf-8", "iso-8859-1"})


def read_disposition(header: bytes) -> tuple[str, str | None, str | None]:
    r"""Return the type of a part, its name, and the name of its file, None for what is not there.

    ``filename*`` (RFC 8187) counts before ``filename``. Of the latter, ``\"``, the ``%22``,
    ``%0D`` and ``%0A`` of browsers and encoded words (RFC 2047) are undone.
    """
    kind, semicolon, rest = header.decode(errors="replace").partition(";")
    found: dict[str, str] = {}
    for key, value in _PARAMETER.findall(semicolon + rest):
        found.setdefault(key.lower(), value.strip())
    name, plain, extended = found.get("name"), found.get("filename"), found.get("filename*")
    filename = None if extended is None else _extended(extended)
    if filename is None and plain is not None:
        filename = _words(_unquoted(plain))
    return kind.strip().lower(), None if name is None else _unquoted(name), filename


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    inner = _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))
    return _BROWSERS.sub(lambda match: chr(int(match[1], 16)), inner)


def _extended(value: str) -> str | None:
    """Read ``UTF-8'en'na%C3%AFve.jpg``; None for what is not of that form."""
    charset, _, rest = value.strip('"').partition("'")
    _language, quote, encoded = rest.partition("'")
    if not quote or charset.lower() not in _CHARSETS:
        return None
    try:
        return unquote_to_bytes(encoded).decode(charset)
    except UnicodeDecodeError:
        return None


def _words(text: str) -> str:
    if not _ENCODED_WORD.search(text):
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text
