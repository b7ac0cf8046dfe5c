"""A handle on one job, blocking, with what people do with its results."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Self

from hfer._plots import PlotKind
from hfer._wire import iterate, run
from hfer.aio.job import AsyncJob
from hfer.aio.job_core import JobProgress
from hfer.comparison.compared import DEFAULT_IOU, Comparison
from hfer.diff_models import JobDiff
from hfer.exports import ExportFormat, Per
from hfer.job_core import JobCore
from hfer.models import JobState
from hfer.review_models import AddedReviews, ImportedReviews, Review

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Job(JobCore):
    """A handle on one job. It holds only the id: keep that, and ``attach`` to it later."""

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

    def retry(self, *, idempotency_key: str | None = None) -> "Job":
        """Analyse the failed photos anew, as a new job with the same settings and labels.

        Args:
            idempotency_key: give the same key to get the same new job again.

        Raises:
            ConflictError: the job is not final, or none of its photos failed.
            GoneError: its photos are erased.
        """
        return Job(run(self._core.retry(idempotency_key=idempotency_key)))

    def rerun(
        self,
        *,
        model: str | None = None,
        detector: str | None = None,
        top_n: int | None = None,
        min_face_px: int | None = None,
        detection_threshold: float | None = None,
        annotated: bool | None = None,
        faces: str | None = None,
        keep_photos_s: int | None = None,
        idempotency_key: str | None = None,
    ) -> "Job":
        """Analyse all photos anew, as a new job, while the service keeps them.

        What is left out is as it was, but for the model: without one the active model answers.

        Args:
            model: id or version of a published model (`Client.models`).
            detector: name of the detector to use.
            top_n: how many expressions ``Face.top`` lists, 1..7.
            min_face_px: leave out faces whose longer side is shorter than this, in pixels.
            detection_threshold: leave out faces detected with less confidence, 0.5..1.
            annotated: draw the annotated photos at once rather than on demand.
            faces: "detect" or "whole".
            keep_photos_s: how long the service keeps the photos after the new job's end.
            idempotency_key: give the same key to get the same new job again.

        Raises:
            ConflictError: the job is not final, or no worker can answer with the model.
            GoneError: its photos are erased.
        """
        again = self._core.rerun(
            model=model,
            detector=detector,
            top_n=top_n,
            min_face_px=min_face_px,
            detection_threshold=detection_threshold,
            annotated=annotated,
            faces=faces,
            keep_photos_s=keep_photos_s,
            idempotency_key=idempotency_key,
        )
        return Job(run(again))

    def diff(self, other: "Job | str | None" = None) -> JobDiff:
        """Set another job over the same photos beside this one, face by face.

        Photos are matched by their bytes, faces by the overlap of their boxes.

        Args:
            other: the job or its id; None for the one that this is a rerun of.

        Raises:
            ConflictError: one of them is not final.
            InvalidRequestError: this is no rerun, and no other is named.
        """
        named = other if isinstance(other, str | None) else other.id
        return run(self._core.diff(named))


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
