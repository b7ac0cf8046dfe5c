"""Jobs of the service, blocking: a handle on one, and the collection."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hfer._retry import RetryPolicy
from hfer._wire import iterate, run
from hfer.aio.jobs import AsyncJob, AsyncJobs, JobProgress
from hfer.exports import ExportFormat, Per
from hfer.listening import JobEvent
from hfer.models import JobState, PhotoResult, ResultFormat

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

        Columns: those of every table of results (docs/exports.md), each under its name, and seven
        once more under the name that they had here before: ``photo_index expression p x y w h``.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return run(self._core.to_pandas(partial=partial))

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
