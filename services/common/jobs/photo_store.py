"""Photos on their way into the bucket, safe from the sweeper until a row names them."""

from collections.abc import Callable, Iterable
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

    def __init__(self, bucket: PhotoBucket, *, run: RunStep) -> None:
        """Use ``run`` for each step in the database."""
        self._bucket = bucket
        self._run = run

    def put(self, key: str, stream: BinaryIO, *, size: int) -> None:
        """Store ``size`` bytes of a photo; a deletion of the same object is called off before.

        In this order: see `services.common.jobs.repositories.erasures`.

        Raises:
            TransientError: the bucket does not take it.
            OSError: the stream cannot be read, or ends before ``size`` bytes.
        """
        self._run(lambda session: ErasureRepository(session).keep(key))
        self._bucket.put(key, stream, size=size, content_type=_CONTENT_TYPE)

    def abandon(self, keys: Iterable[str]) -> None:
        """Leave photos that came to nothing to the sweeper; it looks if another row names them."""
        self._run(lambda session: ErasureRepository(session).schedule_deletion(keys))
