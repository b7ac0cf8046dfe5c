"""Photos on their way into the bucket, listed for deletion until a row names them."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, BinaryIO, Protocol

from sqlalchemy.orm import Session

from services.common.jobs.repositories.erasures import ErasureRepository

# A photo's real format is read from its content, later, by the worker.
_CONTENT_TYPE = "application/octet-stream"

# Runs a step in a transaction of its own and commits, such as `RetryingDatabase.run`.
RunStep = Callable[[Callable[[Session], None]], Any]


class PhotoBucket(Protocol):
    """What is asked of the object storage."""

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an object."""


class PhotoStore:
    """Puts photos under the keys of `photo_key`. Threads may share it."""

    def __init__(
        self, bucket: PhotoBucket, *, run: RunStep, wait: timedelta = timedelta(0)
    ) -> None:
        """Use ``run`` for each step in the database; a photo may ``wait`` so long for its job."""
        self._bucket = bucket
        self._run = run
        self._wait = wait

    def put(self, key: str, stream: BinaryIO, *, size: int) -> None:
        """Store ``size`` bytes of a photo, to be deleted unless `ErasureRepository.keep` follows.

        It is listed before it is put: see `services.common.jobs.repositories.erasures`.

        Raises:
            TransientError: the bucket does not take it.
            OSError: the stream cannot be read, or ends before ``size`` bytes.
        """
        self._run(
            lambda session: ErasureRepository(session).schedule_deletion([key], after=self._wait)
        )
        self._bucket.put(key, stream, size=size, content_type=_CONTENT_TYPE)

    def abandon(self, keys: Iterable[str]) -> None:
        """Let photos that came to nothing wait no longer; one that a row names stays."""
        self._run(lambda session: ErasureRepository(session).schedule_deletion(keys))
