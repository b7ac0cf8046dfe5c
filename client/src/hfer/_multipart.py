"""A multipart body that streams files from disk: photos, or those of a model bundle.

httpx has its own multipart encoder, but wants every file open at once: 2,000 photos meet the
usual limit of 1,024 descriptors. Here one file is open at a time, and 64 KiB are in memory.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from hfer._files import Sendable
from hfer.errors import HferError, PhotoFileError

UploadProgress = Callable[[int, int], None]

_AMBIGUOUS = re.compile(r"[%\\]|=\?")


class MultipartBody:
    """The body of one upload: a ``config`` part if there is one, then a ``files`` part per file.

    Iterating it (once per try) reads the files anew. ``on_progress`` is called with the bytes of
    files sent so far and in all; ``fault`` is raised for a file that cannot be read.
    """

    def __init__(
        self,
        files: Sequence[Sendable],
        *,
        config: Mapping[str, object] | None = None,
        on_progress: UploadProgress | None = None,
        fault: type[HferError] = PhotoFileError,
    ) -> None:
        boundary = secrets.token_hex(16)
        self._files = files
        self._on_progress = on_progress
        self._fault = fault
        self._config = b"" if config is None else _config_part(boundary, config)
        self._heads = [b"\r\n" + _head(boundary, "files", filename=file.name) for file in files]
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(self._length()),
        }

    def __iter__(self) -> Iterator[bytes]:
        sent, total = 0, sum(file.size for file in self._files)
        if self._config:
            yield self._config
        for head, file in zip(self._heads, self._files, strict=True):
            yield head
            for block in file.blocks(fault=self._fault):
                yield block
                sent += len(block)
                if self._on_progress is not None:
                    self._on_progress(sent, total)
        yield self._tail

    def _length(self) -> int:
        heads = sum(map(len, self._heads))
        files = sum(file.size for file in self._files)
        return len(self._config) + heads + files + len(self._tail)


def _config_part(boundary: str, config: Mapping[str, object]) -> bytes:
    return _head(boundary, "config", kind="application/json") + json.dumps(config).encode("ascii")


def _head(boundary: str, name: str, *, filename: str = "", kind: str = "") -> bytes:
    shown = _disposition(filename) if filename else ""
    kind = kind or "application/octet-stream"
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode()


def _disposition(filename: str) -> str:
    """Name a file as browsers do (HTML, multipart/form-data encoding): no header injection.

    That form cannot tell a ``%22`` from a quotation mark, nor text from an encoded word: such names
    come a second time, percent-encoded (RFC 8187), which counts where it is known.
    """
    shown = "".join(
        f"%{ord(sign):02X}" if sign == '"' or ord(sign) < ord(" ") else sign for sign in filename
    )
    plain = f'; filename="{shown}"'
    exact = f"; filename*=UTF-8''{quote(filename, safe='')}"
    return plain + exact if shown != filename or _AMBIGUOUS.search(filename) else plain
