"""The parts of a submission as they arrive: hashed and spooled, one at a time."""

from collections.abc import Iterator

from services.api.bodies import no_room
from services.api.errors import ApiError, invalid_field, pointer
from services.api.filenames import clean_filename
from services.api.jobs.submission.spool import Spool, SpooledArchive, SpooledPhoto
from services.api.multipart import MultipartReader, PartBegin, PartData, PartEnd
from services.api.problems import ProblemCode
from services.common.domain.limits import PhotoLimits

Spooled = SpooledPhoto | SpooledArchive

FILES = "files"
CONFIG = "config"
MAX_CONFIG_BYTES = 65_536


class SubmissionReader:
    """Reads a multipart submission chunk by chunk. Not async: it hashes and writes files.

    Attributes:
        config: the bytes of the ``config`` part, None before or without it.
        files: how many photos and archives have begun.
    """

    def __init__(self, content_type: str | None, *, limits: PhotoLimits, part: str = FILES) -> None:
        """Expect photos in parts named ``part``."""
        self.config: bytes | None = None
        self.files = 0
        self._limits = limits
        self._part = part
        self._reader = MultipartReader(content_type)
        self._spool: Spool | None = None
        self._config = bytearray()

    def feed(self, chunk: bytes) -> list[Spooled]:
        """Take a chunk of the body and return the photos and archives that it completes.

        Raises:
            ApiError: the body is malformed, holds an unknown part, too many photos, or a
                config that is too long or the second one.
        """
        done: list[Spooled] = []
        try:
            done.extend(self._files(chunk))
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
        """Close the file of a photo that will never be whole."""
        if self._spool is not None:
            self._spool.close()

    def _files(self, chunk: bytes) -> Iterator[Spooled]:
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
                raise too_many_photos(self._limits)
            self._spool = Spool(clean_filename(filename or ""), limits=self._limits)
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


def too_many_photos(limits: PhotoLimits) -> ApiError:
    """Return the problem of a request with more photos than it may have."""
    return ApiError(
        ProblemCode.PAYLOAD_TOO_LARGE,
        f"A request takes at most {limits.request_files} photos, those in archives included;"
        " send the others as another job, or all by POST /v1/uploads.",
        limit=limits.request_files,
    )


def _close_all(done: list[Spooled]) -> None:
    for file in done:
        file.close()
