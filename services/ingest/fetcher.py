"""What becomes of a claimed URL: the photo in the bucket, an error, or another try."""

import random
import uuid
from contextlib import closing
from typing import Protocol

from sqlalchemy.orm import Session

from services.common.config import FetchSettings
from services.common.db.retrying import RetryingDatabase
from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.jobs.photo_store import PhotoBucket, PhotoStore
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.repositories.fetches import (
    ClaimedFetch,
    FetchedPhoto,
    FetchRepository,
)
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.storage_keys import photo_key
from services.common.telemetry import Metrics, get_logger
from services.ingest.download import DownloadedPhoto, TryLaterError

BACKOFF_START_S = 1.0
BACKOFF_FACTOR = 4.0
BACKOFF_MAX_S = 256.0
# Pause of photos while the bucket is away, so that they are not claimed again and again.
OUTAGE_PAUSE_S = (1.0, 5.0)

_log = get_logger(__name__)


class Download(Protocol):
    """What downloads a photo; `Downloader` is the real one."""

    def fetch(self, url: str) -> DownloadedPhoto:
        """Download a photo."""


class UrlFetcher:
    """Fetches one claimed photo at a time into the bucket. Threads may share it."""

    def __init__(
        self,
        database: RetryingDatabase,
        bucket: PhotoBucket,
        downloader: Download,
        *,
        settings: FetchSettings,
        metrics: Metrics,
        rng: random.Random,
    ) -> None:
        self._database = database
        self._store = PhotoStore(bucket, run=database.run)
        self._downloader = downloader
        self._settings = settings
        self._metrics = metrics
        self._rng = rng

    def fetch(self, claimed: ClaimedFetch, *, token: uuid.UUID) -> None:
        """Fetch a photo and write what became of it.

        Raises:
            TransientError: the database stayed away; the claim runs out by itself.
        """
        # A claim above the tries means that fetchers died over this photo.
        if claimed.attempts > self._settings.tries:
            self._fail(claimed, _given_up("Fetching it was begun too often.", claimed), token)
            return
        try:
            with self._metrics.fetch_seconds.time():
                self._fetch_photo(claimed, token)
        except ItemError as error:
            self._fail(claimed, error, token)
        except TryLaterError as error:
            self._try_later(claimed, error, token)
        except (TransientError, OSError) as error:
            # A fault of ours, of the bucket or the temporary folder: it does not count as a try.
            _log.warning("fetch.excused", error=type(error).__name__)
            pause_s = self._rng.uniform(*OUTAGE_PAUSE_S)
            self._postpone(claimed, token, delay_s=pause_s, counts=False)

    def _fetch_photo(self, claimed: ClaimedFetch, token: uuid.UUID) -> None:
        photo = self._downloader.fetch(claimed.url)
        with closing(photo.file):
            key = photo_key(claimed.tenant, photo.sha256)
            self._store.put(key, photo.file, size=photo.byte_count)
        fetched = FetchedPhoto(photo.sha256, photo.byte_count, key)
        self._metrics.fetches.labels("fetched").inc()
        self._metrics.fetch_bytes.inc(photo.byte_count)

        def hand_over(session: Session) -> None:
            erasures = ErasureRepository(session)
            erasures.keep([key])
            if not FetchRepository(session).arrive(claimed.item_id, fetched, token=token):
                # Cancelled, erased or in other hands by now; or handed over by a commit whose
                # answer was lost: retention keeps what a row names.
                erasures.schedule_deletion([key])

        self._database.run(hand_over)

    def _try_later(self, claimed: ClaimedFetch, error: TryLaterError, token: uuid.UUID) -> None:
        delay_s = max(fetch_backoff_s(claimed.attempts, rng=self._rng), error.after_s or 0.0)
        spent = claimed.attempts >= self._settings.tries
        # For operators: users are not told why a server could not be reached.
        _log.info("fetch.later", item=claimed.item_id, reason=str(error.__cause__ or error))
        if spent or delay_s > self._settings.retry_after_max_s:
            self._fail(claimed, _given_up(error.detail, claimed), token)
        else:
            self._postpone(claimed, token, delay_s=delay_s)
            if error.after_s:
                self._pause_host(claimed, rest_s=error.after_s)

    def _pause_host(self, claimed: ClaimedFetch, *, rest_s: float) -> None:
        """Ask that host for nothing else of the job: each photo would cost a try to hear it."""
        self._database.run(
            lambda session: FetchRepository(session).rest(
                claimed.job_id, claimed.host, rest_s=rest_s
            )
        )

    def _postpone(
        self, claimed: ClaimedFetch, token: uuid.UUID, *, delay_s: float, counts: bool = True
    ) -> None:
        self._metrics.fetches.labels("later" if counts else "excused").inc()
        self._database.run(
            lambda session: FetchRepository(session).postpone(
                claimed.item_id, token=token, delay_s=delay_s, counts=counts
            )
        )

    def _fail(self, claimed: ClaimedFetch, error: ItemError, token: uuid.UUID) -> None:
        self._metrics.fetches.labels(str(error.code)).inc()

        def finish(session: Session) -> None:
            if FetchRepository(session).fail(claimed.item_id, error, token=token):
                # It may have been the last one; the sweeper would see it seconds later.
                close_jobs(session, job_id=claimed.job_id)

        self._database.run(finish)
        _log.info("fetch.failed", item=claimed.item_id, code=error.code, tries=claimed.attempts)


def fetch_backoff_s(attempts: int, *, rng: random.Random) -> float:
    """Delay before the next try: 1 s, 4 s, 16 s and so on up to 256 s, less up to half of it.

    Args:
        attempts: tries so far, this one included; at least one.
        rng: source of the jitter.
    """
    longest = min(BACKOFF_MAX_S, BACKOFF_START_S * BACKOFF_FACTOR ** (attempts - 1))
    return rng.uniform(longest / 2, longest)


def _given_up(detail: str, claimed: ClaimedFetch) -> ItemError:
    tries = f"{claimed.attempts} tries" if claimed.attempts > 1 else "one try"
    return ItemError(
        ItemErrorCode.FETCH_FAILED, f"{detail} It was given up after {tries}; retry the job later."
    )
