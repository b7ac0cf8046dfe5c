"""Why a request about an upload is refused."""

from sqlalchemy.orm import Session

from services.common.db.tables import Job
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.uploads import UploadRepository


def check_key(session: Session, job: Job) -> None:
    """Refuse an open upload whose key was revoked: its URLs may be in a stranger's hands.

    Raises:
        JobError: GONE.
    """
    is_open = JobStatus(job.status) is JobStatus.OPEN
    if is_open and UploadRepository(session).is_of_revoked_key(job):
        raise JobError(
            JobErrorCode.GONE, "The API key that began this upload was revoked; begin another."
        )


def check_open(job: Job) -> None:
    """Refuse an upload that is sealed.

    Raises:
        JobError: UPLOAD_SEALED.
    """
    if JobStatus(job.status) is not JobStatus.OPEN:
        raise sealed(job, "and takes no more files")


def sealed(job: Job, how: str) -> JobError:
    """Return the error that names the job which an upload is by now."""
    return JobError(
        JobErrorCode.UPLOAD_SEALED,
        f"The upload is {format_id(IdKind.JOB, job.public_id)} by now, {how}.",
    )


def mismatch(what: str, held: int) -> JobError:
    """Return the error for files that do not follow the ``held`` ones."""
    return JobError(
        JobErrorCode.UPLOAD_MISMATCH, f"{what} The upload holds {held} files: go on at {held}."
    )


def other_request() -> JobError:
    """Return the error for an idempotency key of another request."""
    return JobError(
        JobErrorCode.IDEMPOTENCY_MISMATCH,
        "This Idempotency-Key was used for other photos or another config; use a new key.",
    )
