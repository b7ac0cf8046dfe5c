"""Files on the user's disk that are to be sent."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from hfer.errors import HferError

BLOCK_BYTES = 65_536


class Sendable(Protocol):
    """A photo to send: ``size`` bytes under a name, read anew as often as needed."""

    @property
    def name(self) -> str:
        """Its file name."""

    @property
    def size(self) -> int:
        """How many bytes `blocks` gives."""

    @property
    def client_ref(self) -> str | None:
        """What the results give back beside the name."""

    def blocks(self, *, fault: type[HferError]) -> Iterator[bytes]:
        """Read it; ``fault`` is raised when it cannot be read to its end."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to send, with its size in bytes when it was found."""

    path: Path
    size: int

    @property
    def name(self) -> str:
        """The file's own name without its folders; bytes that are not UTF-8 are replaced."""
        return os.fsencode(self.path.name).decode("utf-8", errors="replace")

    @property
    def client_ref(self) -> None:
        """Nothing: a file is known by its name."""

    @classmethod
    def find(cls, path: Path, *, fault: type[HferError]) -> Self:
        """Look at a file; ``fault`` is raised if it cannot be read or is no regular file."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise fault(f"Cannot read {path}: {error.strerror}") from error
        if not path.is_file():
            raise fault(f"{path} is no regular file.")
        return cls(path, size)

    def blocks(self, *, fault: type[HferError]) -> Iterator[bytes]:
        """Read exactly ``size`` bytes: the length was promised in the request's header."""
        left = self.size
        try:
            with self.path.open("rb") as file:
                while left and (block := file.read(min(BLOCK_BYTES, left))):
                    left -= len(block)
                    yield block
        except OSError as error:
            raise fault(f"Cannot read {self.path}: {error.strerror}") from error
        if left:
            raise fault(f"{self.path} became shorter while it was being sent.")
