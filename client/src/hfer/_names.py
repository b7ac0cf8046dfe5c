"""What photos are called: their path below the folder that is sent, the same by every way."""

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

LONGEST_NAME = 1_024
UNNAMED = "unnamed"

# As the service, which has the last word: services/api/filenames.py says why.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
_TAGS = range(0xE0020, 0xE0080)
_NEVER_CHARACTERS = range(0xFDD0, 0xFDF0)
_DRIVE = re.compile(r"[A-Za-z]:")


def clean_name(raw: str) -> str:
    """Return a path as the service will call it, so that what is too long is cut at its start."""
    *folders, name = [_clean_part(part) for part in raw.replace("\\", "/").split("/")]
    leads_out = folders[:1] == [""] or name == ".." or any(map(_leads_out, folders))
    kept = [] if leads_out else [folder for folder in folders if folder not in {"", "."}]
    parts = [*kept, UNNAMED if name in {"", ".", ".."} else name]
    while len("/".join(parts)) > LONGEST_NAME:
        parts = parts[1:]
    return "/".join(parts)


def is_harmless(sign: str) -> bool:
    """Whether a sign is text, and nothing that a terminal or a reader of lines would act on."""
    if unicodedata.category(sign) in _DROPPED:
        return sign in _JOINERS or ord(sign) in _TAGS
    return ord(sign) & 0xFFFE != 0xFFFE and ord(sign) not in _NEVER_CHARACTERS  # noqa: PLR2004 - U+xFFFE, U+xFFFF


def order_of(name: str) -> tuple[tuple[int, str], ...]:
    """Return what photos are sorted by: in each folder its files, then its folders."""
    *folders, last = name.split("/")
    return (*((1, folder) for folder in folders), (0, last))


def shared_folder(folders: Sequence[Path]) -> Path | None:
    """Return the folder that all of them lie in, or are; None if that is but the root."""
    try:
        shared = Path(os.path.commonpath([os.path.abspath(folder) for folder in folders]))  # noqa: PTH100 - resolve would follow links
    except ValueError:  # several drives
        return None
    return None if shared == Path(shared.anchor) and len(folders) > 1 else shared


def name_below(path: Path, folder: Path) -> str:
    """Return what a file is called that lies below a folder; names that are no UTF-8 are mended."""
    below = os.path.relpath(os.path.abspath(path), folder)  # noqa: PTH100 - as above
    parts = [os.fsencode(part).decode("utf-8", "replace") for part in Path(below).parts]
    return clean_name("/".join(parts))


def _clean_part(part: str) -> str:
    kept = "".join(filter(is_harmless, part))
    return unicodedata.normalize("NFC", kept).strip()[-LONGEST_NAME:].strip()


def _leads_out(folder: str) -> bool:
    return folder == ".." or _DRIVE.fullmatch(folder) is not None
