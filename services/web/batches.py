r"""Photos of a large upload: a batch of them in one body, split, hashed and spooled as it comes.

A body is one line of JSON, ``[{"name": "a.jpg", "size": 123}, …]``, a newline, and the bytes of
all files one after the other. Browsers make it as ``new Blob([line, "\n", ...files])`` without
reading the files; the server needs no multipart parser and knows every size beforehand.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

# What lies in the temporary folder per batch: bounded, however large the upload is.
MAX_BATCH_BYTES = 64_000_000
MAX_BATCH_FILES = 200
# Of 200 files with the longest names.
_MAX_LINE = 1_000_000
_BLOCK = 1 << 18
# How long a sender may be silent, as at the API; phones change networks in half a minute.
STALL_S = 60.0


class BatchError(Exception):
    """A batch that is not what its first line says; ``detail`` is a sentence for people."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Announced(BaseModel):
    """A file as the first line describes it."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str = Field(min_length=1, max_length=1_024)
    size: int = Field(gt=0)


_ANNOUNCEMENT = TypeAdapter(
    Annotated[list[Announced], Field(min_length=1, max_length=MAX_BATCH_FILES)]
)


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file of a batch on disk, where it lives as long as the batch's folder."""

    name: str
    size: int
    sha256: str
    path: Path

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the bytes."""
        with await asyncio.to_thread(self.path.open, "rb") as file:
            while block := await asyncio.to_thread(file.read, _BLOCK):
                yield block


async def spool(
    body: AsyncIterable[bytes], folder: Path, *, stall_s: float = STALL_S
) -> list[Spooled]:
    """Write the files of a batch to ``folder``, hashing them on the way.

    Raises:
        BatchError: the body is not a batch, too large, ends too early, or stalls.
    """
    reader = _Reader(body, stall_s=stall_s)
    files = parse_line(await reader.line())
    spooled = []
    for file in files:
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
            async for piece in reader.exactly(file.size):
                await asyncio.to_thread(_keep, piece, target, digest)
        spooled.append(Spooled(file.name, file.size, digest.hexdigest(), Path(target.name)))
    if await reader.more():
        raise BatchError("The upload holds more than was announced; reload the page and try again.")
    return spooled


def parse_line(line: bytes) -> Sequence[Announced]:
    """Read the first line.

    Raises:
        BatchError: it is no list of names and sizes within the limits.
    """
    try:
        files = _ANNOUNCEMENT.validate_json(line)
    except ValidationError:
        raise BatchError(
            f"A batch begins with a list of 1 to {MAX_BATCH_FILES} files that are not empty;"
            " reload the page and try again."
        ) from None
    if sum(file.size for file in files) > MAX_BATCH_BYTES:
        raise BatchError(f"A batch holds up to {MAX_BATCH_BYTES // 10**6} MB; leave files out.")
    return files


def _keep(
    piece: bytes, target: "tempfile._TemporaryFileWrapper[bytes]", digest: "hashlib._Hash"
) -> None:
    target.write(piece)
    digest.update(piece)


class _Reader:
    """Takes a stream of chunks apart."""

    def __init__(self, body: AsyncIterable[bytes], *, stall_s: float) -> None:
        self._chunks = aiter(body)
        self._held = b""
        self._stall_s = stall_s

    async def line(self) -> bytes:
        while b"\n" not in self._held:
            if len(self._held) > _MAX_LINE or not (chunk := await self._next()):
                raise BatchError("The upload begins with no list of files; reload the page.")
            self._held += chunk
        line, _, self._held = self._held.partition(b"\n")
        return line

    async def exactly(self, size: int) -> AsyncIterator[bytes]:
        left = size
        while left:
            held = self._held or await self._next()
            if not held:
                raise BatchError("The upload broke off; send it again.")
            piece, self._held = held[:left], held[left:]
            left -= len(piece)
            yield piece

    async def more(self) -> bool:
        return bool(self._held or await self._next())

    async def _next(self) -> bytes:
        """Return the next chunk that holds something; nothing at the end."""
        try:
            async with asyncio.timeout(self._stall_s):
                async for chunk in self._chunks:
                    if chunk:
                        return chunk
        except TimeoutError:
            raise BatchError("The upload came to a standstill; send it again.") from None
        return b""
