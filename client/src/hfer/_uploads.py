"""More photos than one request takes: put into the service's bucket by presigned URL.

The service is told of a page of photos, answers with a URL for each, and the photos go there
side by side. A page told again is answered with URLs only for what is still missing; so both a
lost connection and a second run under the same idempotency key go on where they stopped.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from urllib.parse import quote

from hfer._codec import decode
from hfer._multipart import UploadProgress
from hfer._photos import Photo
from hfer._retry import RetryPolicy
from hfer._transport import Call, Transport, json_call
from hfer.errors import BucketError, PhotoFileError, UnexpectedAnswerError

UPLOADS = "/v1/uploads"
# Eight connections fill most uplinks, and a phone's photo is hashed in 20 ms.
PARALLEL_PUTS = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one photo goes; no URL means that there is nothing to send."""

    index: int = -1
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The service's answer to a page of photos."""

    id: str = ""
    data: tuple[Slot, ...] = ()


class PhotoUpload:
    """Sends photos page by page. ``page`` is how many the service takes at a time."""

    def __init__(
        self,
        transport: Transport,
        photos: Sequence[Photo],
        *,
        page: int,
        retry: RetryPolicy,
        on_progress: UploadProgress | None,
    ) -> None:
        self._transport = transport
        self._photos = photos
        self._page = page
        self._retry = retry
        self._progress = _Progress(sum(photo.size for photo in photos), on_progress)

    def send(self, *, idempotency_key: str) -> str:
        """Put every photo into the bucket; the id of the upload.

        Raises:
            PhotoFileError: a photo cannot be read, or became shorter meanwhile.
            ApiError: the service refused the upload.
            BucketError: the bucket refused photos or did not answer, after all tries.
        """
        upload_id = ""
        pool = ThreadPoolExecutor(PARALLEL_PUTS, thread_name_prefix="hfer-put")
        try:
            for start in range(0, len(self._photos), self._page):
                photos = self._photos[start : start + self._page]
                files = list(pool.map(_described, photos))
                call = _declaration(upload_id, files, start=start, key=idempotency_key)
                upload_id = self._send_page(call, photos, pool)
        finally:
            # After Ctrl-C only the photos on their way are waited for, not the whole page.
            pool.shutdown(cancel_futures=True)
        return upload_id

    def _send_page(self, call: Call, photos: Sequence[Photo], pool: ThreadPoolExecutor) -> str:
        attempt = 1
        while True:
            page = self._declare(call, photos)
            slots = zip(page.data, photos, strict=True)
            wanted = [(slot.url, photo) for slot, photo in slots if slot.url]
            self._progress.count(photos, missing=[photo for _, photo in wanted])
            failures = [error for error in pool.map(self._put, wanted) if error is not None]
            if not failures:
                return page.id
            jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
            pause = self._retry.pause_s(attempt, retry_after_s=None, fraction=jitter)
            if pause is None:
                raise failures[0]
            self._transport.sleep(pause)
            attempt += 1

    def _declare(self, call: Call, photos: Sequence[Photo]) -> Page:
        page = decode(Page, self._transport.send_json(call))
        if not page.id or len(page.data) != len(photos):
            raise UnexpectedAnswerError(
                "The answer is no upload of these photos. Is this the URL of an HFER service?"
            )
        return page

    def _put(self, wanted: tuple[str, Photo]) -> BucketError | None:
        """Put one photo; an error that a fresh URL or another try may mend is returned."""
        url, photo = wanted
        try:
            self._transport.put(url, photo.blocks(fault=PhotoFileError), size=photo.size)
        except BucketError as error:
            return error
        self._progress.add(photo)
        return None


class _Progress:
    """Bytes of photos that are in the bucket, told from several threads."""

    def __init__(self, total: int, tell: UploadProgress | None) -> None:
        self._total = total
        self._tell = tell
        self._sent = 0
        self._counted: set[int] = set()
        self._lock = Lock()

    def count(self, photos: Sequence[Photo], *, missing: Sequence[Photo]) -> None:
        """Count the photos of a page that need not be sent."""
        left = {id(photo) for photo in missing}
        for photo in photos:
            if id(photo) not in left:
                self.add(photo)

    def add(self, photo: Photo) -> None:
        """Count one photo, once."""
        with self._lock:
            if id(photo) in self._counted:
                return
            self._counted.add(id(photo))
            self._sent += photo.size
            if self._tell is not None:
                self._tell(self._sent, self._total)


def _described(photo: Photo) -> dict[str, object]:
    digest = hashlib.sha256()
    for block in photo.blocks(fault=PhotoFileError):
        digest.update(block)
    return {"filename": photo.name, "size": photo.size, "sha256": digest.hexdigest()}


def _declaration(
    upload_id: str, files: Sequence[Mapping[str, object]], *, start: int, key: str
) -> Call:
    """Make the call that opens the upload, or adds to the one that is open."""
    if upload_id:
        path = f"{UPLOADS}/{quote(upload_id, safe='')}/files"
        return json_call("POST", path, {"start": start, "files": files})
    call = json_call("POST", UPLOADS, {"files": files})
    return replace(call, headers={**call.headers, "Idempotency-Key": key})
