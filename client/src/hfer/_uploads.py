"""More photos than one request takes: put into the service's bucket by presigned URL.

A page of photos is declared to the service, which answers with a URL for each, and the photos go
there side by side. A page declared again is answered with URLs only for what is still missing; so
both a lost connection and a second run under the same idempotency key continue where they stopped.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from urllib.parse import quote

from hfer._codec import decode
from hfer._files import Sendable
from hfer._multipart import UploadProgress
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
    """Sends photos page by page.

    ``page`` is how many the service takes at a time. Without ``insist`` a bucket that nobody
    answers for is given up at the first photo: the caller has another way.
    """

    def __init__(
        self,
        transport: Transport,
        photos: Sequence[Sendable],
        *,
        page: int,
        on_progress: UploadProgress | None,
        insist: bool = True,
    ) -> None:
        self._transport = transport
        self._photos = photos
        self._page = page
        self._insist = insist
        self._progress = _Progress(sum(photo.size for photo in photos), on_progress)

    async def send(self, *, idempotency_key: str) -> str:
        """Put every photo into the bucket; the id of the upload.

        Raises:
            PhotoFileError: a photo cannot be read, or became shorter meanwhile.
            ApiError: the service refused the upload.
            BucketError: the bucket refused photos or did not answer, after all tries.
        """
        upload_id = ""
        for start in range(0, len(self._photos), self._page):
            photos = self._photos[start : start + self._page]
            files = await self._transport.wire.map(self._describe, photos, width=PARALLEL_PUTS)
            call = _declaration(upload_id, files, start=start, key=idempotency_key)
            upload_id = await self._send_page(call, photos)
        return upload_id

    async def _send_page(self, call: Call, photos: Sequence[Sendable]) -> str:
        attempt = 1
        while True:
            page = await self._declare(call, photos)
            slots = zip(page.data, photos, strict=True)
            wanted = [(slot.url, photo) for slot, photo in slots if slot.url]
            self._progress.count(photos, missing=[photo for _, photo in wanted])
            if wanted and not self._insist:
                first = await self._put(wanted[0])
                if first is not None and not first.answered:
                    raise first
                self._insist = True
                wanted = wanted[first is None :]
            outcomes = await self._transport.wire.map(self._put, wanted, width=PARALLEL_PUTS)
            failures = [error for error in outcomes if error is not None]
            if not failures:
                return page.id
            # The longest pause that the bucket asked for serves all of them.
            worst = max(failures, key=lambda error: error.retry_after_s or 0.0)
            await self._transport.pause(worst, attempt=attempt)
            attempt += 1

    async def _declare(self, call: Call, photos: Sequence[Sendable]) -> Page:
        page = decode(Page, await self._transport.send_json(call))
        if not page.id or len(page.data) != len(photos):
            raise UnexpectedAnswerError(
                "The answer is no upload of these photos. Is this the URL of an HFER service?"
            )
        return page

    async def _describe(self, photo: Sendable) -> dict[str, object]:
        return await self._transport.wire.call(_described, photo)

    async def _put(self, wanted: tuple[str, Sendable]) -> BucketError | None:
        """Put one photo; an error that a fresh URL or another try may mend is returned."""
        url, photo = wanted
        try:
            body = photo.blocks(fault=PhotoFileError)
            await self._transport.put(url, body, size=photo.size)
        except BucketError as error:
            return error
        self._progress.add(photo)
        return None


class _Progress:
    """Bytes of photos that are in the bucket, counted from several threads."""

    def __init__(self, total: int, on_upload: UploadProgress | None) -> None:
        self._total = total
        self._on_upload = on_upload
        self._sent = 0
        self._counted: set[int] = set()
        self._lock = Lock()

    def count(self, photos: Sequence[Sendable], *, missing: Sequence[Sendable]) -> None:
        """Count the photos of a page that need not be sent."""
        left = {id(photo) for photo in missing}
        for photo in photos:
            if id(photo) not in left:
                self.add(photo)

    def add(self, photo: Sendable) -> None:
        """Count one photo, once."""
        with self._lock:
            if id(photo) in self._counted:
                return
            self._counted.add(id(photo))
            self._sent += photo.size
            if self._on_upload is not None:
                self._on_upload(self._sent, self._total)


def _described(photo: Sendable) -> dict[str, object]:
    digest = hashlib.sha256()
    for block in photo.blocks(fault=PhotoFileError):
        digest.update(block)
    file = {"filename": photo.name, "size": photo.size, "sha256": digest.hexdigest()}
    return file | ({"client_ref": photo.client_ref} if photo.client_ref else {})


def _declaration(
    upload_id: str, files: Sequence[Mapping[str, object]], *, start: int, key: str
) -> Call:
    """Make the call that opens the upload, or adds to the one that is open."""
    if upload_id:
        path = f"{UPLOADS}/{quote(upload_id, safe='')}/files"
        return json_call("POST", path, {"start": start, "files": files})
    call = json_call("POST", UPLOADS, {"files": files})
    return replace(call, headers={**call.headers, "Idempotency-Key": key})
