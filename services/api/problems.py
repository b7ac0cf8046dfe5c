"""Problem details (RFC 9457): the table of every problem type, and the body of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.api.address import base_of

PROBLEM_JSON = "application/problem+json"


class ProblemCode(StrEnum):
    """Stable code of a problem; users' programs switch on it."""

    INVALID_REQUEST = "invalid-request"
    UNAUTHENTICATED = "unauthenticated"
    INSUFFICIENT_SCOPE = "insufficient-scope"
    OUTPUT_RESTRICTED = "output-restricted"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_ACCEPTABLE = "not-acceptable"
    REQUEST_TIMEOUT = "request-timeout"
    JOB_NOT_FINISHED = "job-not-finished"
    JOB_FINAL = "job-final"
    NOTHING_TO_RETRY = "nothing-to-retry"
    IDEMPOTENCY_IN_PROGRESS = "idempotency-in-progress"
    MODEL_VERSION_TAKEN = "model-version-taken"
    MODEL_WORSE = "model-worse"
    MODEL_NOT_COMPARABLE = "model-not-comparable"
    MODEL_NOT_LOADABLE = "model-not-loadable"
    TRIAL_LOAD_UNFINISHED = "trial-load-unfinished"
    MODEL_UNAVAILABLE = "model-unavailable"
    NOTHING_TO_ROLL_BACK = "nothing-to-roll-back"
    CANARY_IS_ACTIVE = "canary-is-active"
    UPLOAD_MISMATCH = "upload-mismatch"
    UPLOAD_SEALED = "upload-sealed"
    WEBHOOKS_OFF = "webhooks-off"
    ENDPOINT_LIMIT = "endpoint-limit"
    ENDPOINT_DISABLED = "endpoint-disabled"
    KEY_NOT_ROLLABLE = "key-not-rollable"
    KEY_NOT_CHANGEABLE = "key-not-changeable"
    REVIEW_CONFLICT = "review-conflict"
    DATASET_TOO_SMALL = "dataset-too-small"
    DATASET_NOT_READY = "dataset-not-ready"
    GONE = "gone"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    UNSUPPORTED_MEDIA = "unsupported-media"
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable"
    VALIDATION = "validation"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    ARCHIVE_REFUSED = "archive-refused"
    UNSAFE_URL = "unsafe-url"
    DETECTOR_UNAVAILABLE = "detector-unavailable"
    PURPOSE_PROHIBITED = "purpose-prohibited"
    BUNDLE_REFUSED = "bundle-refused"
    PHOTO_FAILED = "photo-failed"
    RATE_LIMITED = "rate-limited"
    INTERNAL = "internal"
    OVERLOADED = "overloaded"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What all problems of one code share. ``retryable``: the same request may succeed later."""

    status: int
    title: str
    retryable: bool = False


# The one table from codes, also those of the domain's errors, to HTTP.
PROBLEM_TYPES: Mapping[str, ProblemType] = MappingProxyType(
    {
        ProblemCode.INVALID_REQUEST: ProblemType(400, "The request cannot be read"),
        ProblemCode.UNAUTHENTICATED: ProblemType(401, "A valid API key is needed"),
        ProblemCode.INSUFFICIENT_SCOPE: ProblemType(403, "The API key does not allow this"),
        ProblemCode.OUTPUT_RESTRICTED: ProblemType(403, "The API key shows less than this"),
        ProblemCode.NOT_FOUND: ProblemType(404, "There is nothing here"),
        ProblemCode.METHOD_NOT_ALLOWED: ProblemType(405, "The method does not fit this resource"),
        ProblemCode.NOT_ACCEPTABLE: ProblemType(406, "No acceptable format is offered"),
        ProblemCode.REQUEST_TIMEOUT: ProblemType(408, "The request came too slowly", True),
        ProblemCode.JOB_NOT_FINISHED: ProblemType(409, "The job is not finished", True),
        ProblemCode.JOB_FINAL: ProblemType(409, "The job can no longer change"),
        ProblemCode.NOTHING_TO_RETRY: ProblemType(409, "There is nothing to retry"),
        ProblemCode.IDEMPOTENCY_IN_PROGRESS: ProblemType(
            409, "A request with this key is in progress", True
        ),
        ProblemCode.MODEL_VERSION_TAKEN: ProblemType(409, "Another model has this version"),
        ProblemCode.MODEL_WORSE: ProblemType(409, "The model is worse than the active one"),
        ProblemCode.MODEL_NOT_COMPARABLE: ProblemType(
            409, "The model was not tested as the active one was"
        ),
        ProblemCode.MODEL_NOT_LOADABLE: ProblemType(409, "A worker cannot load the model"),
        ProblemCode.TRIAL_LOAD_UNFINISHED: ProblemType(
            409, "A worker did not load the model in time", True
        ),
        ProblemCode.MODEL_UNAVAILABLE: ProblemType(409, "No worker can answer with this model"),
        ProblemCode.NOTHING_TO_ROLL_BACK: ProblemType(409, "No model was active before"),
        ProblemCode.CANARY_IS_ACTIVE: ProblemType(409, "The active model cannot be on trial"),
        ProblemCode.UPLOAD_MISMATCH: ProblemType(409, "The upload holds other files there"),
        ProblemCode.UPLOAD_SEALED: ProblemType(409, "The upload is sealed"),
        ProblemCode.WEBHOOKS_OFF: ProblemType(409, "Webhooks are not set up"),
        ProblemCode.ENDPOINT_LIMIT: ProblemType(409, "There are as many endpoints as may be"),
        ProblemCode.ENDPOINT_DISABLED: ProblemType(409, "The endpoint is disabled"),
        ProblemCode.KEY_NOT_ROLLABLE: ProblemType(409, "The key cannot be rolled"),
        ProblemCode.KEY_NOT_CHANGEABLE: ProblemType(409, "The key cannot be changed"),
        ProblemCode.REVIEW_CONFLICT: ProblemType(409, "The review was given anew meanwhile"),
        ProblemCode.DATASET_TOO_SMALL: ProblemType(409, "Too few faces are reviewed for this"),
        ProblemCode.DATASET_NOT_READY: ProblemType(409, "The data set is not ready", True),
        ProblemCode.GONE: ProblemType(410, "The resource is gone"),
        ProblemCode.PAYLOAD_TOO_LARGE: ProblemType(413, "The request is too large"),
        ProblemCode.UNSUPPORTED_MEDIA: ProblemType(415, "The media type is not supported"),
        ProblemCode.RANGE_NOT_SATISFIABLE: ProblemType(416, "The file has no such part"),
        ProblemCode.VALIDATION: ProblemType(422, "The request is not valid"),
        ProblemCode.IDEMPOTENCY_MISMATCH: ProblemType(
            422, "The idempotency key belongs to another request"
        ),
        ProblemCode.ARCHIVE_REFUSED: ProblemType(422, "The archive is not opened"),
        ProblemCode.UNSAFE_URL: ProblemType(422, "A URL is not fetched"),
        ProblemCode.DETECTOR_UNAVAILABLE: ProblemType(422, "No worker has this detector"),
        ProblemCode.PURPOSE_PROHIBITED: ProblemType(422, "The law prohibits this purpose"),
        ProblemCode.BUNDLE_REFUSED: ProblemType(422, "The model bundle is not valid"),
        ProblemCode.PHOTO_FAILED: ProblemType(422, "The photo has no result"),
        ProblemCode.RATE_LIMITED: ProblemType(429, "Too much at once", True),
        ProblemCode.INTERNAL: ProblemType(500, "The service has a fault", True),
        ProblemCode.OVERLOADED: ProblemType(503, "The service cannot serve this now", True),
    }
)


class FieldError(BaseModel):
    """One fault in the request; ``pointer`` is an RFC 6901 pointer with a leading ``#``."""

    pointer: str = Field(examples=["#/config/top_n"])
    detail: str = Field(examples=["Input should be less than or equal to 7"])


class Problem(BaseModel):
    """RFC 9457 problem details: the body of every error of this service."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/problems/job-not-finished",
                "title": "The job is not finished",
                "status": 409,
                "detail": "The job is running; ask again later or add partial=true.",
                "instance": "/v1/jobs/job_01936fd2c0a27b6e8f3a5b7c9d1e2f30/results",
                "code": "job-not-finished",
                "request_id": "01936fd2c0a27b6e8f3a5b7c9d1e2f30",
                "retryable": True,
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str | None = None
    retryable: bool
    errors: list[FieldError] | None = None
    limit: int | None = Field(default=None, description="the limit that was passed, if one was")
    limit_name: str | None = Field(
        default=None, description="its name, where `/v1/limits` and `/v1/tenants` have it"
    )
    used: int | None = Field(default=None, description="how much of it is used")
    current: list[dict[str, Any]] | None = Field(
        default=None, description="what is there instead: the last words, where reviews conflict"
    )


def problem_type_url(code: str, *, base: str = "") -> str:
    """Return the ``type`` of a problem: the address of its entry in the catalogue."""
    return f"{base}/problems/{code}"


def problem_response(
    request: Request,
    code: str,
    detail: str,
    *,
    errors: Iterable[FieldError] = (),
    limit: int | None = None,
    limit_name: str | None = None,
    used: int | None = None,
    current: Iterable[dict[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Build the response of a problem; ``code`` is a key of `PROBLEM_TYPES`."""
    kind = PROBLEM_TYPES[code]
    problem = Problem(
        type=problem_type_url(code, base=base_of(request)),
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=request.url.path,
        code=code,
        request_id=request.scope.get("request_id"),
        retryable=kind.retryable,
        errors=list(errors) or None,
        limit=limit,
        limit_name=limit_name,
        used=used,
        current=list(current) or None,
    )
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=kind.status,
        media_type=PROBLEM_JSON,
        headers=dict(headers or {}),
    )
