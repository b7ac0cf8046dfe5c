"""Photos that are no files: kept until they are sent, a few in memory, the rest in a folder.

They have to be kept: their size is promised before the first byte, and a try that failed reads
them again. Memory stays flat however many an iterable gives.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from hfer._files import BLOCK_BYTES, LocalFile, Sendable
from hfer.errors import HferError, PhotoFileError

# Of one submit: some twenty photos of a phone.
IN_MEMORY_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class MemoryPhoto:
    """A photo in memory."""

    name: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.data)

    @property
    def client_ref(self) -> None:
        """Nothing: it is known by its name."""

    def blocks(self, *, fault: type[HferError]) -> Iterator[bytes]:  # noqa: ARG002 - Sendable's
        """Read it."""
        for start in range(0, len(self.data), BLOCK_BYTES):
            yield self.data[start : start + BLOCK_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledPhoto(LocalFile):
    """A photo in the spool's folder, under the name that its owner gave it."""

    given_name: str

    @property
    def name(self) -> str:
        """Its owner's name, not the file's."""
        return self.given_name


class Spool:
    """The photos of one submit that are no files, gone with it."""

    def __init__(self, *, in_memory: int = IN_MEMORY_BYTES) -> None:
        self._room = in_memory
        self._folder: Path | None = None
        self._files = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def keep(self, name: str, blocks: Iterable[bytes]) -> Sendable:
        """Keep what ``blocks`` give, as a photo of this name.

        Raises:
            PhotoFileError: it has to go to the temporary folder, and cannot.
        """
        held: list[bytes] = []
        size = 0
        source = iter(blocks)
        for block in source:
            held.append(block)
            size += len(block)
            if size > self._room:
                return self._on_disk(name, chain(held, source))
        self._room -= size
        return MemoryPhoto(name, b"".join(held))

    def path(self) -> Path:
        """Return the path of a new file, which is not there yet."""
        if self._folder is None:
            self._folder = Path(self._open.enter_context(TemporaryDirectory(prefix="hfer-")))
        self._files += 1
        return self._folder / f"{self._files:06d}"

    def _on_disk(self, name: str, blocks: Iterable[bytes]) -> SpooledPhoto:
        try:
            path = self.path()
            with path.open("wb") as file:
                file.writelines(blocks)
            size = path.stat().st_size
        except OSError as error:
            raise PhotoFileError(
                f"Cannot keep {name} in the temporary folder: {error.strerror}."
                " Set TMPDIR to a folder with more room."
            ) from error
        return SpooledPhoto(path=path, size=size, given_name=name)
