"""The parts of a submission as they arrive: hashed and spooled, one at a time."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from services.api.bodies import no_room
from services.api.errors import ApiError, invalid_field, pointer
from services.api.jobs.filenames import clean_filename
from services.api.jobs.multipart import MultipartReader, PartBegin, PartData, PartEnd
from services.api.problems import ProblemCode
from services.common.domain.limits import PhotoLimits
from services.common.jobs.repositories.items import Refusal

FILES = "files"
CONFIG = "config"
MAX_CONFIG_BYTES = 65_536
# Smaller photos stay in memory: at most 8 wait for their upload at a time.
_MEMORY_BYTES = 1_000_000


@dataclass(slots=True)
class SpooledPhoto:
    """A photo that has arrived. ``file`` is at its start, and None when the photo is refused."""

    filename: str
    sha256: bytes
    byte_count: int
    file: BinaryIO | None
    refusal: Refusal | None = None

    def close(self) -> None:
        """Let go of the spooled bytes."""
        if self.file is not None:
            self.file.close()


class _Spool:
    """The photo that is arriving. Past the limit it is only hashed, no longer kept."""

    def __init__(self, filename: str, *, limit: int) -> None:
        self._filename = filename
        self._limit = limit
        self._file = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - it outlives the call
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += len(data)
        if self._size <= self._limit:
            self._file.write(data)
        else:
            self._file.close()

    def finish(self) -> SpooledPhoto:
        refusal = Refusal.by_size(self._size, limit=self._limit)
        if refusal is None:
            self._file.seek(0)
        else:
            self._file.close()
        return SpooledPhoto(
            filename=self._filename,
            sha256=self._digest.digest(),
            byte_count=self._size,
            file=None if refusal else cast("BinaryIO", self._file),
            refusal=refusal,
        )

    def close(self) -> None:
        self._file.close()


class SubmissionReader:
    """Reads a multipart submission chunk by chunk. Not async: it hashes and writes files.

    Attributes:
        config: the bytes of the ``config`` part, None before or without it.
        files: how many photos have begun.
    """

    def __init__(self, content_type: str | None, *, limits: PhotoLimits, part: str = FILES) -> None:
        """Expect photos in parts named ``part``."""
        self.config: bytes | None = None
        self.files = 0
        self._limits = limits
        self._part = part
        self._reader = MultipartReader(content_type)
        self._spool: _Spool | None = None
        self._config = bytearray()

    def feed(self, chunk: bytes) -> list[SpooledPhoto]:
        """Take a chunk of the body and return the photos that it completes.

        Raises:
            ApiError: the body is malformed, holds an unknown part, too many photos, or a
                config that is too long or the second one.
        """
        done: list[SpooledPhoto] = []
        try:
            done.extend(self._photos(chunk))
        except OSError as error:
            _close_all(done)
            raise no_room() from error
        except ApiError:
            _close_all(done)
            raise
        return done

    def finish(self) -> None:
        """Check that the body was whole and held a photo.

        Raises:
            ApiError: it did not.
        """
        self._reader.finish()
        if not self.files:
            raise invalid_field(
                f"#/{self._part}", f"Send at least one photo, in a part named '{self._part}'."
            )

    def close(self) -> None:
        """Let go of a photo that will never be whole."""
        if self._spool is not None:
            self._spool.close()

    def _photos(self, chunk: bytes) -> Iterator[SpooledPhoto]:
        for event in self._reader.feed(chunk):
            match event:
                case PartBegin(name, filename):
                    self._begin(name, filename)
                case PartData(data):
                    self._write(data)
                case PartEnd():
                    if self._spool is None:
                        self.config = bytes(self._config)
                    else:
                        yield self._spool.finish()
                        self._spool = None

    def _begin(self, name: str, filename: str | None) -> None:
        if name == CONFIG:
            if self.config is not None:
                raise invalid_field("#/config", "Send one config part, not several.")
        elif name == self._part:
            self.files += 1
            if self.files > self._limits.request_files:
                raise ApiError(
                    ProblemCode.PAYLOAD_TOO_LARGE,
                    f"A request takes at most {self._limits.request_files} photos;"
                    " send the others as another job.",
                    limit=self._limits.request_files,
                )
            self._spool = _Spool(clean_filename(filename or ""), limit=self._limits.photo_bytes)
        else:
            raise invalid_field(
                pointer(name),
                f"There is no part of this name; send '{self._part}' and '{CONFIG}'.",
            )

    def _write(self, data: bytes) -> None:
        if self._spool is not None:
            self._spool.write(data)
            return
        self._config += data
        if len(self._config) > MAX_CONFIG_BYTES:
            raise ApiError(
                ProblemCode.PAYLOAD_TOO_LARGE,
                f"The config part is longer than {MAX_CONFIG_BYTES} bytes.",
                limit=MAX_CONFIG_BYTES,
            )


def _close_all(photos: list[SpooledPhoto]) -> None:
    for photo in photos:
        photo.close()
