"""A handle on one job, blocking: how far it is, what it found, and its end."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Unpack

from hfer._html import job_html, unseen_html
from hfer._retry import RetryPolicy
from hfer._wire import iterate, run
from hfer.aio.job import AsyncJob
from hfer.aio.job_core import JobProgress
from hfer.listening import JobEvent
from hfer.models import JobState, PhotoResult, ResultFormat
from hfer.photo_filters import PhotoFilter
from hfer.receipt_models import ErasedPhotos
from hfer.result_models import ExpressionCounts, JobFacets, JobSummary, Order


class JobCore:
    """What the service itself tells of one job and does with it."""

    def __init__(self, core: AsyncJob) -> None:
        self.id = core.id
        self._core = core

    @property
    def state(self) -> JobState:
        """The job as last seen; asks the service only if it was never seen."""
        return run(self._core.state())

    def refresh(self, *, retry: RetryPolicy | None = None) -> JobState:
        """Ask the service how far the job is."""
        return run(self._core.refresh(retry=retry))

    def results(self, *, partial: bool = False) -> Iterator[PhotoResult]:
        """Iterate over the photos' results in the order sent, without holding them all.

        A connection that breaks off is taken up again where it broke.

        Args:
            partial: also before the job is final, then only the photos that are.

        Raises:
            ConflictError: the job is not final and ``partial`` is false.
        """
        yield from iterate(self._core.results(partial=partial))

    def follow(self, *, on_progress: JobProgress | None = None) -> Iterator[PhotoResult]:
        """Iterate over the photos of `events`: each once, as it is finished, up to the job's end.

        ``on_progress`` is called with each event's ``job``. Raises like `events`.
        """
        yield from iterate(self._core.follow(on_progress=on_progress))

    def results_bytes(
        self, encoding: ResultFormat | str, *, partial: bool = False
    ) -> Iterator[bytes]:
        """Stream the results as the service encodes them (JSON, JSONL or CSV).

        Raises:
            ValueError: there is no such encoding.
            UnexpectedAnswerError: the connection broke off, and what was read before is no
                longer how the results begin (only of a running job).
        """
        yield from iterate(self._core.results_bytes(encoding, partial=partial))

    def events(self, *, after: str | None = None) -> Iterator[JobEvent]:
        """Iterate over what happens to the job, up to its end: results while it runs.

        Each photo that is finished comes with its result, in the order of finishing. A broken
        connection is taken up where it was left: nothing is lost and nothing comes twice. An
        outage of the service of up to about five minutes is waited out.

        Args:
            after: ``id`` of the last event that you have, to continue after it.

        Raises:
            GoneError: the job was erased.
            ServiceUnreachableError: no answer, after all tries.
        """
        yield from iterate(self._core.events(after=after))

    def items(
        self, *, index: Sequence[int] | None = None, **wanted: Unpack[PhotoFilter]
    ) -> Iterator[PhotoResult]:
        """Iterate over the photos that fit, in the order sent, finished or not, page by page.

        Args:
            index: only these photos, in this order, by their place among those sent.
            wanted: filters; see `hfer.PhotoFilter`.
        """
        yield from iterate(self._core.items(index=index, **wanted))

    def order(
        self, *, of: str = "photos", sort: str = "sent", **wanted: Unpack[PhotoFilter]
    ) -> Order:
        """List all photos, or all faces, that fit, in one order: their numbers only.

        Args:
            of: photos or faces.
            sort: sent, uncertain, margin, confidence, faces, name, captured, rare, size or
                disagreement; a photo stands where the first of its faces that fit would.
            wanted: filters; see `hfer.PhotoFilter`.
        """
        return run(self._core.order(of=of, sort=sort, **wanted))

    def facets(self, **wanted: Unpack[PhotoFilter]) -> JobFacets:
        """Count the photos and faces that fit, and what each choice of a filter would find.

        Args:
            wanted: filters; see `hfer.PhotoFilter`.
        """
        return run(self._core.facets(**wanted))

    def item(self, item_id: str) -> PhotoResult:
        """Look at one photo, finished or not.

        Raises:
            NotFoundError: no such photo in this job.
        """
        return run(self._core.item(item_id))

    def summary(self) -> JobSummary:
        """Add the faces found so far up by their first answer."""
        return run(self._core.summary())

    def expression_counts(self) -> ExpressionCounts:
        """Count the faces by expression with no count below five, also not by difference.

        It is all that keys with the output ``aggregate`` see of faces.

        Raises:
            ConflictError: the job is not final.
        """
        return run(self._core.expression_counts())

    def annotated(self, item_id: str) -> bytes:
        """Fetch a photo with numbered boxes as JPEG; the numbers are the ``face_index``.

        Raises:
            NotFoundError: no such photo in this job, or it could not be analysed.
            GoneError: its retention time is over.
        """
        return run(self._core.annotated(item_id))

    def preview(self, item_id: str, *, size: str = "medium") -> bytes:
        """Fetch a photo without its metadata, as JPEG; raises like `annotated`.

        Args:
            item_id: of the photo.
            size: thumbnail, small, medium or large: at most 320, 480, 1,280 or 2,560 pixels a
                side.
        """
        return run(self._core.preview(item_id, size=size))

    def crop(self, item_id: str, face_index: int) -> bytes:
        """Fetch a face as JPEG, a square of at most 160 pixels; raises like `annotated`.

        Raises:
            PermissionDeniedError: the key sees no faces, or blurred ones.
        """
        return run(self._core.crop(item_id, face_index))

    def crops(self, faces: Iterable[tuple[int, int]]) -> Iterator[bytes | None]:
        """Iterate over the crops of many faces, 64 a request, in their order.

        Args:
            faces: ``index`` of the photo and ``face_index`` of each.

        Yields:
            A JPEG, as `crop` fetches it; None where the job has no such face or it cannot be drawn.

        Raises:
            GoneError: the retention time of the photos is over.
            UnexpectedAnswerError: the service did not draw them in minutes.
        """
        yield from iterate(self._core.crops(faces))

    def zip_bytes(self) -> Iterator[bytes]:
        """Stream a zip: the results as CSV and JSON Lines, and all annotated photos.

        Raises:
            ConflictError: the job is not final.
            GoneError: its photos are erased; `results_bytes` has the results.
            BrokenOffError: the connection was cut; begin anew.
        """
        yield from iterate(self._core.zip_bytes())

    def save_zip(self, path: str | os.PathLike[str]) -> None:
        """Write that zip to a file, there only when it is whole; raises like `zip_bytes`."""
        run(self._core.save_zip(path))

    def cancel(self) -> JobState:
        """Stop the job. Photos already analysed keep their results.

        Raises:
            ConflictError: the job is already final.
        """
        return run(self._core.cancel())

    def delete(self, *, reason: str | None = None) -> None:
        """Erase the job with its photos and results, for good; a running job is stopped.

        Args:
            reason: why, for the receipt (`Client.erasures`), up to 200 characters; no names.
        """
        run(self._core.delete(reason=reason))

    def erase_photos(
        self, photos: Iterable[str | int | PhotoResult], *, reason: str | None = None
    ) -> ErasedPhotos:
        """Erase photos of a final job and all that is known of them, for good.

        Each is listed from then on as failed, with the error ``erased``. More than 1,000 go in
        several requests: if one fails, those before it stand, and the same call goes on.

        Args:
            photos: by ``item_id``, by ``index``, or as results.
            reason: why, for the receipt (`Client.erasures`), up to 200 characters; no names.

        Raises:
            ConflictError: the job is not final.
            NotFoundError: one is no photo of the job; nothing of its request was erased.
            GoneError: the job is erased.
        """
        return run(self._core.erase_photos(photos, reason=reason))

    def _repr_html_(self) -> str:
        seen = self._core.seen
        return unseen_html(self.id) if seen is None else job_html(seen)
