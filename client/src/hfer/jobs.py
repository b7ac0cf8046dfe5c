"""Jobs of the service, blocking: a handle on one, and the collection."""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hfer._retry import RetryPolicy
from hfer._wire import iterate, run
from hfer.aio.jobs import AsyncJob, AsyncJobs, JobProgress
from hfer.comparison.compared import DEFAULT_IOU, Comparison
from hfer.listening import JobEvent
from hfer.models import JobState, PhotoResult, ResultFormat
from hfer.review_models import AddedReviews, ImportedReviews, Review

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Job", "JobProgress", "Jobs"]


class Job:
    """A handle on one job. It holds only the id: keep that, and ``attach`` to it later."""

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

    def wait(
        self, *, on_progress: JobProgress | None = None, timeout_s: float | None = None
    ) -> JobState:
        """Block until the job is final, and return its state (which may be ``failed``).

        An outage of the service of up to about five minutes is waited out. Leaving this
        method early, by an exception or Ctrl-C, leaves the job running.

        Raises:
            WaitTimeoutError: ``timeout_s`` seconds are over; the job continues.
        """
        return run(self._core.wait(on_progress=on_progress, timeout_s=timeout_s))

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

    def results_bytes(self, encoding: ResultFormat, *, partial: bool = False) -> Iterator[bytes]:
        """Stream the results as the service encodes them (JSON, JSONL or CSV).

        Raises:
            UnexpectedAnswerError: the connection broke off, and what was read before is no
                longer how the results begin (only of a running job).
        """
        yield from iterate(self._core.results_bytes(encoding, partial=partial))

    def to_pandas(self, *, partial: bool = False) -> "pd.DataFrame":
        """Return the results as a table: a row per face, or one for a photo without any.

        Columns: ``filename photo_index item_id status face_index expression p margin uncertain
        x y w h detection_confidence model_version error_code precision detector``, then
        ``p_<expression>``.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return run(self._core.to_pandas(partial=partial))

    def compare(
        self,
        saved: str | os.PathLike[str],
        *,
        photos: str | os.PathLike[str] | None = None,
        iou: float = DEFAULT_IOU,
    ) -> Comparison:
        """Set saved predictions of Hume or Amazon Rekognition beside the job's results.

        Args:
            saved: Hume's predictions of a job (as of its SDK 0.13.13), or Rekognition's answers
                to DetectFaces: a file of JSON or JSON Lines, or a folder of them.
            photos: folder with your photos; photos that the file knows by MD5 are then matched by
                their bytes first. Otherwise their names count, with their folders where a name
                alone fits several.
            iou: least overlap of two boxes that are of one face, above 0 up to 1.

        Raises:
            SavedFileError: the file cannot be read, or is of neither service.
            ConflictError: the job is not final.
        """
        return run(self._core.compare(saved, photos=photos, iou=iou))

    def reviews(self) -> Iterator[Review]:
        """Iterate over what people say of the job's faces: the last word of each on each face."""
        yield from iterate(self._core.reviews())

    def add_reviews(self, reviews: Iterable[Review]) -> AddedReviews:
        """Say what people say of faces. Nothing is lost, and the same once more changes nothing.

        Needs the scope ``review``. A thousand go at once: those before a refused one are taken.

        Raises:
            InvalidRequestError: a face that the job has not, or two words of one on a face.
        """
        return run(self._core.add_reviews(reviews))

    def import_reviews(
        self,
        file: str | os.PathLike[str],
        *,
        reviewer: str | None = None,
        blind: bool = False,
        strict: bool = False,
    ) -> ImportedReviews:
        """Take in reviews that people gave elsewhere; the same file once more changes nothing.

        Needs the scopes ``jobs:read`` and ``review``.

        Args:
            file: an export of Label Studio as JSON, whose rectangles have the expressions as
                labels; or CSV with ``filename`` or ``item_id``, ``face_index`` or the box,
                ``expression``, and perhaps ``reviewer``.
            reviewer: who says it where the file does not tell.
            blind: whether reviewers saw neither the model's answers nor each other's.
            strict: send nothing if anything fits no face.

        Raises:
            SavedFileError: the file cannot be read, or is neither.
            UnmatchedReviewsError: ``strict``, and something fits no face.
            ConflictError: the job is not final.
        """
        return run(self._core.import_reviews(file, reviewer=reviewer, blind=blind, strict=strict))

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

    def annotated(self, item_id: str) -> bytes:
        """Fetch a photo with numbered boxes as JPEG; the numbers are the ``face_index``.

        Raises:
            NotFoundError: no such photo in this job, or it could not be analysed.
            GoneError: its retention time is over.
        """
        return run(self._core.annotated(item_id))

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


class Jobs:
    """The jobs that the API key may see."""

    def __init__(self, core: AsyncJobs) -> None:
        self._core = core

    def attach(self, job_id: str) -> Job:
        """Return a handle without asking the service; a wrong id shows on first use."""
        return Job(self._core.attach(job_id))

    def get(self, job_id: str) -> Job:
        """Return a handle on a job that exists.

        Raises:
            NotFoundError: no such job for this API key.
        """
        return Job(run(self._core.get(job_id)))

    def list(self, *, status: str | None = None, tenant: str | None = None) -> Iterator[JobState]:
        """Iterate over jobs, newest first, page by page.

        Args:
            status: only jobs in it.
            tenant: whose, yours by default; another's, or ``*`` for all, with the scope admin.
        """
        yield from iterate(self._core.list(status=status, tenant=tenant))
