"""A handle on one job, blocking."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Self

from hfer._html import job_html, unseen_html
from hfer._plots import PlotKind
from hfer._retry import RetryPolicy
from hfer._wire import iterate, run
from hfer.aio.jobs import AsyncJob, JobProgress
from hfer.comparison.compared import DEFAULT_IOU, Comparison
from hfer.exports import ExportFormat, Per
from hfer.listening import JobEvent
from hfer.models import JobState, PhotoResult, ResultFormat
from hfer.result_models import ExpressionCounts, JobSummary
from hfer.review_models import AddedReviews, ImportedReviews, Review

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


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
    ) -> "FinishedJob":
        """Block until the job is final, and return its state (which may be ``failed``).

        What is returned is the job as well: ``client.submit("photos/").wait().to_pandas()``. In a
        notebook a bar shows how far it is, unless ``on_progress`` is given.

        An outage of the service of up to about five minutes is waited out. Leaving this
        method early, by an exception or Ctrl-C, leaves the job running.

        Raises:
            WaitTimeoutError: ``timeout_s`` seconds are over; the job continues.
        """
        state = run(self._core.wait(on_progress=on_progress, timeout_s=timeout_s))
        return FinishedJob.of(state, self._core)

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

    def to_pandas(self, *, partial: bool = False) -> "pd.DataFrame":
        """Return the results as a table: a row per face, or one for a photo without any.

        Columns: those of every table of results (docs/exports.md), each under its name, and seven
        once more under the name that they had here before: ``photo_index expression p x y w h``.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return run(self._core.to_pandas(partial=partial))

    def plot(
        self,
        kind: str = PlotKind.DISTRIBUTION,
        *,
        ax: "Axes | None" = None,
        partial: bool = False,
    ) -> "Axes":
        """Draw the faces' apparent expressions with matplotlib.

        Args:
            kind: ``distribution``, how many faces show what; ``folders``, shares in each folder
                of the photos; ``time``, how many over the time of capture.
            ax: axes to draw on; those of a new figure by default.
            partial: also before the job is final.

        Raises:
            MissingPackageError: matplotlib is not installed.
            ValueError: there is no such kind.
        """
        return run(self._core.plot(kind, ax=ax, partial=partial))

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

    def export(
        self,
        path: str | os.PathLike[str],
        form: ExportFormat | str,
        *,
        partial: bool = False,
        per: Per | str = Per.PHOTO,
        image_prefix: str = "",
    ) -> None:
        """Write the results as a file of another tool, photo by photo.

        The same job gives the same bytes. What is at ``path`` is replaced once all is written.

        Args:
            path: of the file.
            form: ``parquet`` and ``xlsx`` (which need ``hfer[tables]``), ``coco``,
                ``label-studio`` or ``pyfeat``; docs/exports.md tells what is in each.
            partial: also before the job is final, then only the photos that are.
            per: of label-studio, whether a task is a ``photo`` or a ``face``.
            image_prefix: of label-studio, what leads to the photos, up to and with its last ``/``.

        Raises:
            MissingPackageError: the form needs a package that is not installed; nothing was asked.
            ExportError: the form cannot hold the results.
            ConflictError: the job is not final and ``partial`` is false.
            ValueError: there is no such form.
        """
        run(self._core.export(path, form, partial=partial, per=per, image_prefix=image_prefix))

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
        self,
        *,
        status: str | None = None,
        expression: str | None = None,
        min_p: float | None = None,
        uncertain: bool | None = None,
    ) -> Iterator[PhotoResult]:
        """Iterate over the photos that fit, in the order sent, finished or not, page by page.

        Args:
            status: queued, running, succeeded, no_face, failed or cancelled.
            expression: photos with a face whose first answer it is.
            min_p: and whose probability is this at least, 0..1.
            uncertain: and which is uncertain, or is not.
        """
        found = self._core.items(
            status=status, expression=expression, min_p=min_p, uncertain=uncertain
        )
        yield from iterate(found)

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
            size: small, medium or large: at most 480, 1,280 or 2,560 pixels a side.
        """
        return run(self._core.preview(item_id, size=size))

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

    def retry(self, *, idempotency_key: str | None = None) -> "Job":
        """Analyse the failed photos anew, as a new job with the same settings and labels.

        Args:
            idempotency_key: give the same key to get the same new job again.

        Raises:
            ConflictError: the job is not final, or none of its photos failed.
            GoneError: its photos are erased.
        """
        return Job(run(self._core.retry(idempotency_key=idempotency_key)))

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

    def _repr_html_(self) -> str:
        seen = self._core.seen
        return unseen_html(self.id) if seen is None else job_html(seen)


class FinishedJob(JobState, Job):
    """How a job ended, and the job itself: the fields of `JobState` and the methods of `Job`.

    Equal to the `JobState` of its fields, and pickled as one: a pickle holds no client.
    """

    @classmethod
    def of(cls, state: JobState, core: AsyncJob) -> Self:
        """Join a state and the handle of its job."""
        finished = cls(**{field.name: getattr(state, field.name) for field in fields(JobState)})
        # A frozen dataclass with slots keeps even its subclasses from setting what is their own.
        object.__setattr__(finished, "_core", core)
        return finished

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JobState):
            return NotImplemented
        return _values(self) == _values(other)

    __hash__ = JobState.__hash__

    def __reduce__(self) -> tuple[type[JobState], tuple[object, ...]]:
        return JobState, _values(self)


def _values(state: JobState) -> tuple[object, ...]:
    return tuple(getattr(state, field.name) for field in fields(JobState))
