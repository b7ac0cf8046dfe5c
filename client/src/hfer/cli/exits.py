"""Exit codes, so that scripts know what happened without reading."""

from enum import IntEnum

from hfer.errors import (
    ApiError,
    BundleFileError,
    ExportError,
    HferError,
    MissingPackageError,
    ModelReferenceError,
    PhotoFileError,
    ReceiptError,
    SavedFileError,
    SettingsError,
    UnmatchedReviewsError,
    WaitTimeoutError,
)
from hfer.models import JobState


class ExitCode(IntEnum):
    """What the command ends with; 1 is left to the unexpected, such as a full disk.

    ``OK``: done; every photo was analysed (a photo without a face is analysed).
    ``USAGE``: wrong options, paths, files, URLs or names of models, or a package is missing;
    nothing was sent. Or results do not fit into the form of file that was asked for.
    ``SOME_FAILED``: the job succeeded, and some of its photos failed; or some of a file of
    reviews fits no face.
    ``JOB_FAILED``: the job failed, was cancelled or has expired.
    ``UNREACHABLE``: no answer from the service, or not from an HFER service.
    ``REFUSED``: the service refused; its code and request id are shown.
    ``UNWELL``: `doctor` found something that keeps the service from working, or a receipt is not
    what one of the keys signed.
    ``INTERRUPTED``: Ctrl-C; a job that was submitted continues, an upload can be continued.
    """

    OK = 0
    USAGE = 2
    SOME_FAILED = 3
    JOB_FAILED = 4
    UNREACHABLE = 5
    REFUSED = 6
    UNWELL = 7
    INTERRUPTED = 130


def exit_code_of_job(state: JobState) -> ExitCode:
    """Judge a job; one that is not final yet is no failure."""
    if state.final and state.status != "succeeded":
        return ExitCode.JOB_FAILED
    return ExitCode.SOME_FAILED if state.final and state.counts.failed else ExitCode.OK


_USAGE = (
    PhotoFileError
    | SavedFileError
    | UnmatchedReviewsError
    | BundleFileError
    | ExportError
    | ModelReferenceError
    | SettingsError
    | MissingPackageError
)


def exit_code_of_error(error: HferError) -> ExitCode:
    """Judge an error."""
    if isinstance(error, _USAGE):
        return ExitCode.USAGE
    if isinstance(error, ReceiptError):
        return ExitCode.UNWELL
    if isinstance(error, ApiError | WaitTimeoutError):
        return ExitCode.REFUSED
    return ExitCode.UNREACHABLE
