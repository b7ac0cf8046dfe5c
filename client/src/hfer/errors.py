"""Every error that this package raises, in one tree.

HferError
├── SettingsError             the URL or the API key cannot be right; nothing was sent
├── MissingPackageError       an optional package that a method needs is not installed
├── ExportError               a form of file cannot hold the results
├── PhotoFileError            a path given to submit cannot be sent; nothing was sent
│   ├── NoPhotosError         no photo under the given paths
│   ├── SkippedError          files would be left out, and none was to be
│   ├── TooManyPhotosError    more photos or bytes than one job may hold
│   ├── MixedSourcesError     files and URLs at once; one job takes one kind
│   ├── ArchiveFileError      a large archive that cannot be opened on this side
│   ├── SourceTypeError       an object given to submit that is no photo
│   └── S3ListError           a bucket that does not list its photos
├── SavedFileError            a file of predictions or reviews that cannot be read
├── UnmatchedReviewsError     some reviews of a file fit no face; nothing was sent
├── BundleFileError           a folder given to publish is no model bundle; nothing was sent
├── ModelReferenceError       a name or prefix fits no model, or several; nothing was changed
├── ServiceUnreachableError   no answer from the service, after all retries
│   └── BrokenOffError        an answer began and broke off
├── BucketError               the storage behind presigned URLs did not take a photo
├── UnexpectedAnswerError     an answer that is not HFER's: a wrong URL or a proxy
├── ForkedTransportError      a client with a transport of its caller's own was forked
├── WaitTimeoutError          the job is still running; it was left alone
├── WebhookError              a message that must not be believed
│   ├── WebhookHeaderError    it is no webhook at all
│   ├── WebhookTimestampError it is too old, or from the future
│   └── WebhookSignatureError it was signed by somebody else, or altered
└── ApiError                  the service refused: code, detail and request id
├── InvalidRequestError   400, 406, 413, 415, 422
├── AuthenticationError   401
├── PermissionDeniedError 403
├── NotFoundError         404
├── ConflictError         409
├── GoneError             410
├── RateLimitedError      429
└── ServiceError          5xx
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hfer.review_models import UnmatchedReview
from hfer.skipped import Skipped


class HferError(Exception):
    """Base of every error of this package; its text is a sentence for the user."""


class SettingsError(HferError, ValueError):
    """The URL of the service, or the API key, cannot be right whatever the service says."""


class ForkedTransportError(HferError):
    """A client that was given an ``http_transport`` is used in a forked child."""


class MissingPackageError(HferError, ImportError):
    """A method needs a package that is not installed; the text says how to install it."""


class ExportError(HferError):
    """A form of file cannot hold results, or not at that path; the text says what to take."""


class PhotoFileError(HferError):
    """A photo cannot be read from disk, or is not a file at all."""


class NoPhotosError(PhotoFileError):
    """Nothing under the given paths looks like a photo."""


class SkippedError(PhotoFileError):
    """Files were found that cannot be sent, and ``strict`` wants all or nothing.

    Attributes:
        skipped: these files.
    """

    def __init__(self, text: str, skipped: Sequence[Skipped]) -> None:
        self.skipped = tuple(skipped)
        super().__init__(text)


class TooManyPhotosError(PhotoFileError):
    """More photos, or more bytes, than the service takes in one job."""


class MixedSourcesError(PhotoFileError):
    """Files of this machine and URLs were given at once; each kind is a job of its own."""


class ArchiveFileError(PhotoFileError):
    """An archive is larger than one request takes, and cannot be unpacked on this side."""


class SourceTypeError(PhotoFileError, TypeError):
    """An object that was given to ``submit`` is nothing that can be a photo."""


class S3ListError(PhotoFileError):
    """A bucket given as ``s3://…`` refused to list its photos, or did not answer."""


class BundleFileError(HferError):
    """A folder is no model bundle, or one of its files cannot be read."""


class SavedFileError(HferError):
    """A file of saved predictions, or of reviews, cannot be read or is none of a known form."""


class UnmatchedReviewsError(HferError):
    """Reviews of a file fit no face of the job, and none was to be left out; nothing was sent.

    Attributes:
        unmatched: which, and why.
    """

    def __init__(self, unmatched: tuple[UnmatchedReview, ...]) -> None:
        self.unmatched = unmatched
        first = unmatched[0]
        super().__init__(
            f"{len(unmatched):,} in the file fit no face of the job, and nothing was sent;"
            f" the first: {first.place}, {first.photo or 'no photo'}: {first.reason}."
        )


class ModelReferenceError(HferError):
    """A model's name or the beginning of one fits no model of the service, or several."""


class ServiceUnreachableError(HferError):
    """The service gave no answer; whether it got the request is unknown."""


class BrokenOffError(ServiceUnreachableError):
    """The service began to answer, and the connection was cut."""


class BucketError(HferError):
    """The storage that the service's presigned URLs lead to refused a photo, or is away.

    Attributes:
        answered: whether anything answered at the address.
        retry_after_s: seconds the bucket asked to wait, or None.
    """

    def __init__(
        self, text: str, *, answered: bool = True, retry_after_s: float | None = None
    ) -> None:
        self.answered = answered
        self.retry_after_s = retry_after_s
        super().__init__(text)


class UnexpectedAnswerError(HferError):
    """Something answered that does not speak HFER's API."""


class WaitTimeoutError(HferError):
    """The time given to ``wait`` is over; the job itself continues."""


class WebhookError(HferError):
    """A message that claims to come from the service must not be believed."""


class WebhookHeaderError(WebhookError):
    """A header is missing or malformed, or the body is no message."""


class WebhookTimestampError(WebhookError):
    """The message was sent too long ago, or in the future: a replay, or a wrong clock."""


class WebhookSignatureError(WebhookError):
    """None of the secrets signed this message: it was altered, or is somebody else's."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field of a request; ``pointer`` is a JSON pointer (RFC 6901)."""

    pointer: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """The body of a refusal (RFC 9457 ``application/problem+json``), read leniently."""

    code: str = ""
    title: str = ""
    detail: str = ""
    request_id: str = ""
    retryable: bool = False
    limit: int | None = None
    limit_name: str | None = None
    used: int | None = None
    errors: tuple[FieldFault, ...] = ()


class ApiError(HferError):
    """The service refused a request.

    Attributes:
        status: the HTTP status.
        code: stable slug to switch on, for example ``not-found``.
        detail: what is wrong, in words.
        request_id: what to tell the operator of the service; empty when unknown.
        retryable: whether the service calls a repetition sensible.
        errors: the fields at fault, for invalid requests.
        limit: the limit that was passed, where the service tells one; ``limit_name`` is its name
            among `hfer.Limits` and `hfer.TenantLimits`, ``used`` how much of it is used.
        retry_after_s: seconds the service asked to wait, or None.
    """

    def __init__(
        self, problem: Problem, *, status: int, retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.code = problem.code or f"http-{status}"
        self.detail = problem.detail or problem.title or f"The service answered {status}."
        self.request_id = problem.request_id
        self.retryable = problem.retryable
        self.errors = problem.errors
        self.limit = problem.limit
        self.limit_name = problem.limit_name
        self.used = problem.used
        self.retry_after_s = retry_after_s
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        unsaid = [fault for fault in self.errors if fault.detail not in self.detail]
        faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in unsaid)
        known_as = f", request {self.request_id}" if self.request_id else ""
        return f"{self.detail}{f' [{faults}]' if faults else ''} ({self.code}{known_as})"


class InvalidRequestError(ApiError):
    """The request itself is at fault; the same request will be refused again."""


class AuthenticationError(ApiError):
    """The API key is missing, unknown or revoked."""


class PermissionDeniedError(ApiError):
    """The API key lacks the scope that the request needs."""


class NotFoundError(ApiError):
    """No such job, photo, model or route, at least for this API key."""


class ConflictError(ApiError):
    """The state of the job, or of the models, forbids the request."""


class GoneError(ApiError):
    """It existed, and was erased or has expired."""


class RateLimitedError(ApiError):
    """Too many requests or photos at once; wait ``retry_after_s``."""


class ServiceError(ApiError):
    """The service failed or is overloaded."""


def api_error(problem: Problem, *, status: int, retry_after_s: float | None = None) -> ApiError:
    """Build the error class that belongs to an HTTP status."""
    kinds: dict[int, type[ApiError]] = {
        401: AuthenticationError,
        403: PermissionDeniedError,
        404: NotFoundError,
        409: ConflictError,
        410: GoneError,
        429: RateLimitedError,
    }
    fallback = ServiceError if status >= 500 else InvalidRequestError  # noqa: PLR2004 - RFC 9110
    return kinds.get(status, fallback)(problem, status=status, retry_after_s=retry_after_s)


class ReceiptError(HferError):
    """A receipt of an erasure is unsigned, was changed, or is signed by another key."""


def bare(error: BaseException) -> BaseException:
    """Take the frames off a cause: of pages of httpx and httpcore the last line says all."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
