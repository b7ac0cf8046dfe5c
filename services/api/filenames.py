"""File names as clients send them, made harmless: shown and exported, never used as a path."""

import unicodedata

MAX_CHARS = 255
UNNAMED = "unnamed"


def clean_filename(raw: str) -> str:
    """Return the last part of ``raw`` without control, format or unassigned characters.

    Format characters (category Cf) hold the direction overrides that make ``gpj.exe`` read
    as ``exe.jpg``. At most 255 characters; ``unnamed`` if nothing is left.
    """
    name = raw.replace("\\", "/").rpartition("/")[2]
    kept = (char for char in name if not unicodedata.category(char).startswith("C"))
    cleaned = unicodedata.normalize("NFC", "".join(kept)).strip()
    return cleaned[:MAX_CHARS] or UNNAMED
