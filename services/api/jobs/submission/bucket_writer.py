"""Photos on their way to the bucket: a few at a time, in threads, behind the arriving body."""

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from services.api.jobs.submission.spool import SpooledPhoto
from services.common.db.session import SessionFactory, run_step
from services.common.jobs.photo_store import PhotoStore
from services.common.storage import ObjectStorage
from services.common.storage_keys import photo_key
from services.common.telemetry import get_logger

# Photos of one request between spool and bucket: bounds its memory to 8 MB.
_IN_FLIGHT = 8

_log = get_logger(__name__)


class BucketWriter:
    """Puts the photos of one request. A photo sent twice in it is put once."""

    def __init__(
        self,
        *,
        tenant: str,
        storage: ObjectStorage,
        sessions: SessionFactory,
        executor: ThreadPoolExecutor,
        wait: timedelta,
    ) -> None:
        """Put photos that may wait so long for their job."""
        self._tenant = tenant
        self._store = PhotoStore(storage, run=partial(run_step, sessions), wait=wait)
        self._executor = executor
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self._running: dict[str, asyncio.Future[None]] = {}
        self._failure: BaseException | None = None

    @property
    def keys(self) -> Collection[str]:
        """Keys of the photos put, each once."""
        return self._running.keys()

    async def add(self, photo: SpooledPhoto) -> str:
        """Start to put a photo and return its key; waits while too many are under way.

        Raises:
            TransientError: an earlier photo could not be put.
        """
        assert photo.sha256 is not None  # noqa: S101 - refused photos are never added
        key = photo_key(self._tenant, photo.sha256)
        if key in self._running:
            photo.close()
            return key
        try:
            await self._slots.acquire()
        except asyncio.CancelledError:
            photo.close()
            raise
        future = asyncio.get_running_loop().run_in_executor(self._executor, self._put, key, photo)
        future.add_done_callback(self._on_done)
        self._running[key] = future
        if self._failure is not None:
            raise self._failure
        return key

    async def finish(self) -> None:
        """Wait until every photo is in the bucket; raises like `add`."""
        await asyncio.gather(*self._running.values())

    async def abandon(self) -> None:
        """Wait for what is under way and have it deleted soon, but for what a job names."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._executor, self._schedule_deletion)

    def _put(self, key: str, photo: SpooledPhoto) -> None:
        assert photo.file is not None  # noqa: S101 - refused photos are never added
        try:
            self._store.put(key, photo.file, size=photo.byte_count)
        finally:
            photo.close()

    def _schedule_deletion(self) -> None:
        try:
            self._store.abandon(self._running)
        except SQLAlchemyError as error:
            # They are listed since they were put, and due a day later.
            _log.warning("upload.not_doomed", photos=len(self._running), error=type(error).__name__)

    def _on_done(self, future: asyncio.Future[None]) -> None:
        self._slots.release()
        if not future.cancelled():
            self._failure = self._failure or future.exception()
