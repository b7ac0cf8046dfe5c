"""Photos from the bucket, fetched in threads while others are analysed."""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Protocol

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.storage import ObjectMissingError

# A GPU at 3 ms a photo needs eight objects in flight from a bucket that answers in 25 ms.
THREADS = 8
# Of the task's time limit (15 s of 90): two 30 s reads and their retries would take all of it.
# A task waits at most twice, for photos and then for an answer of the bucket.
TIMEOUT_SHARE = 1 / 6

Fetched = bytes | ItemError | ObjectMissingError | TransientError


class PhotoBucket(Protocol):
    """What is asked of the object storage."""

    def get(self, key: str, *, at_most: int) -> bytes:
        """Return the bytes of an object, ``at_most`` so many."""

    def check(self) -> None:
        """Return when the bucket answers."""


class PhotoFetcher:
    """Fetches and verifies photos ahead of their analysis. One per process."""

    def __init__(
        self,
        bucket: PhotoBucket,
        *,
        timeout_s: float,
        threads: int = THREADS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bucket = bucket
        self._timeout_s = timeout_s
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="fetch")

    def start(self, items: Sequence[ClaimedItem]) -> dict[int, Future[Fetched]]:
        """Begin to fetch; the futures by item id never raise but when cancelled."""
        return {item.id: self._pool.submit(self._fetch, item) for item in items}

    def collect(self, futures: Sequence[Future[Fetched]]) -> list[Fetched]:
        """Wait for photos; one that takes longer than the timeout counts as storage trouble."""
        late_at = self._clock() + self._timeout_s
        return [self._wait(future, late_at) for future in futures]

    def storage_is_down(self) -> bool:
        """Whether the bucket as a whole is away, so that no single photo is to blame."""
        future = self._pool.submit(self._bucket.check)
        try:
            future.result(self._timeout_s)
        except (TransientError, FutureTimeoutError):
            return True
        return False

    def close(self) -> None:
        """Let the threads end; what is in flight is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, item: ClaimedItem) -> Fetched:
        try:
            # Never more than was declared: what a client puts by a presigned URL is its own
            # doing, and a bucket that does not check the signed length would take 5 GB.
            data = self._bucket.get(item.object_key, at_most=item.byte_count)
        except (ObjectMissingError, TransientError) as error:
            return error
        if hashlib.sha256(data).digest() != item.sha256:
            return ItemError(
                ItemErrorCode.HASH_MISMATCH,
                "The stored photo is not the one that was sent; send it again.",
            )
        return data

    def _wait(self, future: Future[Fetched], late_at: float) -> Fetched:
        try:
            return future.result(max(0.0, late_at - self._clock()))
        except FutureTimeoutError:
            future.cancel()
            return TransientError("the object storage is too slow")
