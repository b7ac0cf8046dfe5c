"""A multipart body that streams photos from disk.

httpx has its own multipart encoder, but wants every file open at once: 2,000 photos meet the
usual limit of 1,024 descriptors. Here one file is open at a time, and 64 KiB are in memory.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence

from hfer._photos import Photo
from hfer.errors import PhotoFileError

BLOCK_BYTES = 65_536

UploadProgress = Callable[[int, int], None]


class MultipartBody:
    """The body of one ``POST /v1/jobs``: a ``config`` part, then a ``files`` part per photo.

    Iterating it (once per try) reads the photos anew. ``on_progress`` is told the photo
    bytes sent so far and in all.
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        *,
        config: Mapping[str, object],
        on_progress: UploadProgress | None = None,
    ) -> None:
        boundary = secrets.token_hex(16)
        self._photos = photos
        self._on_progress = on_progress
        self._config = _head(boundary, "config", kind="application/json") + json.dumps(
            config
        ).encode("ascii")
        self._heads = [b"\r\n" + _head(boundary, "files", filename=photo.name) for photo in photos]
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(self._length()),
        }

    def __iter__(self) -> Iterator[bytes]:
        sent, total = 0, sum(photo.size for photo in self._photos)
        yield self._config
        for head, photo in zip(self._heads, self._photos, strict=True):
            yield head
            for block in _blocks(photo):
                yield block
                sent += len(block)
                if self._on_progress is not None:
                    self._on_progress(sent, total)
        yield self._tail

    def _length(self) -> int:
        heads = sum(map(len, self._heads))
        photos = sum(photo.size for photo in self._photos)
        return len(self._config) + heads + photos + len(self._tail)


def _head(boundary: str, name: str, *, filename: str = "", kind: str = "") -> bytes:
    shown = f'; filename="{_quoted(filename)}"' if filename else ""
    kind = kind or "application/octet-stream"
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode()


def _quoted(filename: str) -> str:
    """Escape a name as browsers do (HTML, multipart/form-data encoding): no header injection."""
    return "".join(
        f"%{ord(sign):02X}" if sign == '"' or ord(sign) < ord(" ") else sign for sign in filename
    )


def _blocks(photo: Photo) -> Iterator[bytes]:
    """Read exactly ``photo.size`` bytes: the length was promised in the header."""
    left = photo.size
    try:
        with photo.path.open("rb") as file:
            while left and (block := file.read(min(BLOCK_BYTES, left))):
                left -= len(block)
                yield block
    except OSError as error:
        raise PhotoFileError(f"Cannot read {photo.path}: {error.strerror}") from error
    if left:
        raise PhotoFileError(f"{photo.path} became shorter while it was being sent.")
