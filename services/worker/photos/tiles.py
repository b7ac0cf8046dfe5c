"""Tiles on their way into the bucket. An extra: what fails is drawn when it is asked for."""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import BinaryIO, Protocol

from services.common.domain.errors import TransientError
from services.common.telemetry import Metrics, get_logger

# While the next photos are analysed: eight in flight would be more than the bucket needs.
THREADS = 4
# A bucket in trouble is left alone: photos must not wait for their tiles.
PAUSE_S = 30.0

_CONTENT_TYPE = "application/octet-stream"

_log = get_logger(__name__)


class TileBucket(Protocol):
    """What is asked of the object storage."""

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an object."""


class TileWriter:
    """Stores the tiles of photos in threads, while others are analysed. One per process."""

    def __init__(
        self,
        bucket: TileBucket,
        *,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a writer.

        Args:
            bucket: gives up within seconds: a settlement waits for the end of each put.
            metrics: count what was written.
            clock: in seconds.
        """
        self._bucket = bucket
        self._metrics = metrics
        self._clock = clock
        self._paused_until = 0.0
        for result in ("written", "failed", "skipped"):
            metrics.tiles.labels(result)  # a rate needs the 0
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="tiles")

    def start(self, tiles: Mapping[str, bytes]) -> list[Future[None]]:
        """Begin to store objects by their keys; none of the futures raises."""
        return [self._pool.submit(self._put, key, data) for key, data in tiles.items()]

    @staticmethod
    def finish(puts: Sequence[Future[None]]) -> None:
        """Wait until these are stored or given up."""
        wait(puts)

    def close(self) -> None:
        """Let the threads end with what they have begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _put(self, key: str, data: bytes) -> None:
        if self._clock() < self._paused_until:
            self._metrics.tiles.labels("skipped").inc()
            return
        try:
            self._bucket.put(key, io.BytesIO(data), size=len(data), content_type=_CONTENT_TYPE)
        except Exception as error:  # noqa: BLE001 - of an extra; the photo has its result
            self._paused_until = self._clock() + PAUSE_S
            self._metrics.tiles.labels("failed").inc()
            expected = isinstance(error, TransientError)
            _log.warning("tiles.failed", error=str(error), exc_info=None if expected else error)
        else:
            self._metrics.tiles.labels("written").inc()
