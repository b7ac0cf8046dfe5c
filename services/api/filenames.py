"""File names as clients send them, made harmless: shown and exported, never used as a path."""

import re
import unicodedata

MAX_CHARS = 1_024
UNNAMED = "unnamed"

# Control, format and half characters, and separators of lines: what a terminal, a log or a reader
# of lines would act on. Format characters (Cf) hold the direction overrides that make `gpj.exe`
# read as `exe.jpg`. Unassigned characters stay: to this Python, the emoji of next year are some.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners, without which Persian words and emoji of several people fall apart.
_JOINERS = frozenset("\u200c\u200d")
# They spell the flags of England, Scotland and Wales.
_TAGS = range(0xE0020, 0xE0080)
_NEVER_CHARACTERS = range(0xFDD0, 0xFDF0)
_DRIVE = re.compile(r"[A-Za-z]:")


def clean_filename(raw: str) -> str:
    r"""Return ``raw`` as a relative path: ``/`` between its parts, the file's own name last.

    Of what is no path below a folder (absolute, with a drive or ``..``) only the file's name is
    left. At most 1,024 characters, in NFC: what is too long loses its outer folders, then the
    beginning of the name. ``unnamed`` where the file has no name. The result is its own result.
    The client (``hfer._names``) and the page (``names.js``) do the same.
    """
    *folders, name = [_clean_part(part) for part in raw.replace("\\", "/").split("/")]
    leads_out = folders[:1] == [""] or name == ".." or any(map(_leads_out, folders))
    kept = [] if leads_out else [folder for folder in folders if folder not in {"", "."}]
    parts = [*kept, UNNAMED if name in {"", ".", ".."} else name]
    while len("/".join(parts)) > MAX_CHARS:
        parts = parts[1:]
    return "/".join(parts)


def _clean_part(part: str) -> str:
    kept = "".join(filter(_is_kept, part))
    return unicodedata.normalize("NFC", kept).strip()[-MAX_CHARS:].strip()


def _is_kept(sign: str) -> bool:
    if unicodedata.category(sign) in _DROPPED:
        return sign in _JOINERS or ord(sign) in _TAGS
    return ord(sign) & 0xFFFE != 0xFFFE and ord(sign) not in _NEVER_CHARACTERS  # noqa: PLR2004 - U+xFFFE, U+xFFFF


def _leads_out(folder: str) -> bool:
    return folder == ".." or _DRIVE.fullmatch(folder) is not None
