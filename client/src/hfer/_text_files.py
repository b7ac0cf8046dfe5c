"""Text files that people save: in UTF-8, with a BOM or without, or in PowerShell's UTF-16."""

import codecs
from pathlib import Path

from hfer.errors import SavedFileError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """Read a whole file.

    Raises:
        SavedFileError: it cannot be read, or is no such text.
    """
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data[:2] in _UTF16 else "utf-8-sig")
    except OSError as error:
        raise SavedFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise SavedFileError(f"{path} is not text in UTF-8 or UTF-16: save it as that.") from error
