"""Every error that the product can name, in one tree.

    HferError
    ├── ItemError            one photo cannot be analysed; its neighbours are unharmed
    │   ├── permanent        (the photo is at fault: one attempt)
    │   └── TransientError   (the surroundings are at fault: retried with backoff)
    │       └── NoDecoderError
    ├── JobError             a request about jobs that cannot be served
    └── BundleError          a model bundle that must not be loaded

Errors carry a stable code and a sentence that tells the user what to do. HTTP statuses are
the API's business: one table there maps codes to statuses (polar ADR-0002's lesson).
"""

from enum import StrEnum


class ItemErrorCode(StrEnum):
    """Why one photo has no result. Stable: users' programs switch on it."""

    EMPTY = "empty"
    DECODE_FAILED = "decode_failed"
    TRUNCATED = "truncated"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    FETCH_BLOCKED = "fetch_blocked"
    FETCH_FAILED = "fetch_failed"
    OBJECT_MISSING = "object_missing"
    HASH_MISMATCH = "hash_mismatch"
    TIME_LIMIT = "time_limit"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED_WORKER = "crashed_worker"
    MODEL_REFUSED = "model_refused"
    RETRIES_EXHAUSTED = "retries_exhausted"
    ERASED = "erased"
    INTERNAL = "internal"


# Of these another try of the same bytes may come out otherwise. The others are the photo's own.
RETRYABLE_ERRORS = frozenset(
    {
        ItemErrorCode.FETCH_FAILED,
        ItemErrorCode.OBJECT_MISSING,
        ItemErrorCode.TIME_LIMIT,
        ItemErrorCode.OUT_OF_MEMORY,
        ItemErrorCode.CRASHED_WORKER,
        ItemErrorCode.RETRIES_EXHAUSTED,
        ItemErrorCode.MODEL_REFUSED,
        ItemErrorCode.INTERNAL,
    }
)


class JobErrorCode(StrEnum):
    """Why a request about jobs is refused."""

    INVALID_REQUEST = "invalid-request"
    NOT_FOUND = "not-found"
    GONE = "gone"
    JOB_NOT_FINISHED = "job-not-finished"
    JOB_FINAL = "job-final"
    NOTHING_TO_RETRY = "nothing-to-retry"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    IDEMPOTENCY_IN_PROGRESS = "idempotency-in-progress"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    UPLOAD_MISMATCH = "upload-mismatch"
    UPLOAD_SEALED = "upload-sealed"
    DETECTOR_UNAVAILABLE = "detector-unavailable"
    MODEL_UNAVAILABLE = "model-unavailable"


class HferError(Exception):
    """Base of all errors with a stable ``code`` and a ``detail`` fit for the user's eyes."""

    code: str

    def __init__(self, detail: str) -> None:
        """Keep ``detail``: it must never hold a secret, a path or a traceback."""
        super().__init__(detail)
        self.detail = detail


class ItemError(HferError):
    """A photo that cannot be analysed, for good: it is not tried again."""

    def __init__(self, code: ItemErrorCode, detail: str) -> None:
        """Name the fault by its stable code."""
        super().__init__(detail)
        self.code = code


class TransientError(HferError):
    """Storage, database or queue trouble while working on an item: retried with backoff."""

    code = "transient"


class NoDecoderError(TransientError):
    """No child process that decodes pictures can be had now; ``detail`` is fit for users."""


class JobError(HferError):
    """A request about a job that its state, owner or content forbids."""

    def __init__(self, code: JobErrorCode, detail: str) -> None:
        """Name the fault by its stable code."""
        super().__init__(detail)
        self.code = code


class BundleError(HferError):
    """A model bundle is incomplete, altered or gives other answers than its golden ones."""

    code = "bundle-refused"
