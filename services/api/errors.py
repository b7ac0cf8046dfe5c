"""Every error of the service, the framework's included, as a problem of the one table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect, Request

from services.api.address import own_path
from services.api.audit.refusals import record_refusal
from services.api.problems import PROBLEM_TYPES, FieldError, ProblemCode, problem_response
from services.common.domain.errors import HferError, TransientError
from services.common.domain.tenants import LimitExceededError
from services.common.telemetry import Metrics, get_logger

# Long enough for a database to restart, short enough for a person to wait.
RETRY_AFTER_S = 5

# Of the codes that share a status, the first in the table is the framework's.
_BY_STATUS = {kind.status: code for code, kind in reversed(list(PROBLEM_TYPES.items()))}

_log = get_logger(__name__)


class ApiError(HferError):
    """A request that the HTTP service itself refuses."""

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        limit: int | None = None,
        headers: Mapping[str, str] | None = None,
        current: Iterable[dict[str, Any]] = (),
    ) -> None:
        """Name the problem, the faults in the request, the answer's headers, what is there."""
        super().__init__(detail)
        self.code = code
        self.errors = tuple(errors)
        self.limit = limit
        self.headers = dict(headers or {})
        self.current = tuple(current)


class BodyTooLargeError(HTTPException):
    """The body passes the cap. An HTTPException, because FastAPI hides others as a 400."""

    def __init__(self, limit: int) -> None:
        """Name the cap in bytes."""
        super().__init__(413, f"The request body is larger than {limit} bytes.")
        self.limit = limit


def invalid_field(pointer: str, detail: str) -> ApiError:
    """Return the error for one fault of the request, for example at ``#/query/cursor``."""
    return ApiError(
        ProblemCode.VALIDATION, detail, errors=[FieldError(pointer=pointer, detail=detail)]
    )


def not_json(what: str, reason: str) -> str:
    """Return the sentence about a body or part that cannot be parsed; ``reason`` has the place."""
    return f"The {what} is not valid JSON: {reason}."


def field_errors(
    errors: Sequence[Mapping[str, Any]], *, root: Sequence[str] = ()
) -> list[FieldError]:
    """Turn pydantic's errors into ours; ``root`` leads from the request to the parsed part."""
    return [
        FieldError(pointer=_pointer_in_body((*root, *error["loc"])), detail=error["msg"])
        for error in errors
    ]


def register_error_handlers(app: FastAPI, *, metrics: Metrics) -> None:
    """Answer every exception of a request with a problem; the unforeseen is the middleware's."""
    app.exception_handler(LimitExceededError)(_audited(partial(_on_limit, metrics)))
    app.exception_handler(HferError)(_audited(_on_hfer_error))
    app.exception_handler(RequestValidationError)(_audited(_on_validation_error))
    app.exception_handler(StarletteHTTPException)(_audited(_on_http_exception))
    app.exception_handler(ClientDisconnect)(_audited(_on_disconnect))
    for trouble in (OperationalError, InterfaceError, PoolTimeoutError):
        app.exception_handler(trouble)(_audited(_on_database_trouble))


def _audited(handler: Callable[[Request, Any], Response]) -> Callable[[Request, Any], Response]:
    """Let the audit know what a handler refuses. Starlette calls it in a thread: it may write."""

    def handle(request: Request, error: Exception) -> Response:
        response = handler(request, error)
        record_refusal(request, response)
        return response

    return handle


def pointer(*steps: str | int) -> str:
    """Return the JSON pointer (RFC 6901) that leads along ``steps``, as a URI fragment."""
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return "#" + "".join(f"/{step}" for step in escaped)


def _pointer_in_body(location: Sequence[str | int]) -> str:
    return pointer(*(location[1:] if location[:1] == ("body",) else location))


def _on_hfer_error(request: Request, error: HferError) -> Response:
    if isinstance(error, TransientError):
        return _overloaded(request, error)
    code = error.code if error.code in PROBLEM_TYPES else ProblemCode.INTERNAL
    if code == ProblemCode.INTERNAL:
        _log.error("request.unmapped_error", code=error.code, exc_info=error)
        return problem_response(request, code, "The service met an error it does not expect.")
    headers = {"Retry-After": str(RETRY_AFTER_S)} if code == ProblemCode.RATE_LIMITED else {}
    if not isinstance(error, ApiError):
        return problem_response(request, code, error.detail, headers=headers)
    return problem_response(
        request,
        code,
        error.detail,
        errors=error.errors,
        limit=error.limit,
        headers={**headers, **error.headers},
        current=error.current,
    )


def _on_limit(metrics: Metrics, request: Request, error: LimitExceededError) -> Response:
    metrics.limited_requests.labels(error.name).inc()
    return problem_response(
        request,
        error.code,
        error.detail,
        limit=error.limit,
        limit_name=error.name,
        used=error.used,
        headers={"Retry-After": str(error.retry_after_s or RETRY_AFTER_S)},
    )


def _on_validation_error(request: Request, error: RequestValidationError) -> Response:
    faults = error.errors()
    if broken := next((fault for fault in faults if fault["type"] == "json_invalid"), None):
        before = str(error.body)[: broken["loc"][-1]]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        reason = f"{broken['ctx']['error']} at line {line} column {column}"
        return problem_response(request, ProblemCode.INVALID_REQUEST, not_json("body", reason))
    errors = field_errors(faults)
    return problem_response(
        request,
        ProblemCode.VALIDATION,
        f"{errors[0].pointer}: {errors[0].detail}" if errors else "The request is not valid.",
        errors=errors,
    )


def _on_http_exception(request: Request, error: StarletteHTTPException) -> Response:
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = ProblemCode.INVALID_REQUEST if error.status_code < 500 else ProblemCode.INTERNAL  # noqa: PLR2004 - the classes of RFC 9110
    details: dict[str, str] = {
        ProblemCode.NOT_FOUND: f"No such path: {request.url.path}",
        ProblemCode.METHOD_NOT_ALLOWED: f"{request.method} does not fit {request.url.path}",
    }
    ours = error if isinstance(error, BodyTooLargeError) else None
    # What a library says may quote the request, and changes with its version.
    detail = ours.detail if ours else details.get(code, f"{PROBLEM_TYPES[code].title}.")
    limit = ours.limit if ours else None
    headers = dict(error.headers or {})
    if code == ProblemCode.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return problem_response(request, code, detail, limit=limit, headers=headers)


def _allowed(request: Request) -> list[str]:
    """Return every method of the path. The router names those of the first route only."""
    path = own_path(request.scope)
    routes = [route for route in iter_route_contexts(request.app.routes) if route.path_regex]
    fitting = [route for route in routes if route.path_regex.match(path)]
    same = [r for r in fitting if r.path_format == fitting[0].path_format and r.include_in_schema]
    methods = {method for route in same for method in route.methods or ()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def _on_database_trouble(request: Request, error: Exception) -> Response:
    return _overloaded(request, error)


def _on_disconnect(request: Request, _error: ClientDisconnect) -> Response:
    return problem_response(
        request, ProblemCode.INVALID_REQUEST, "The connection closed before the body was whole."
    )


def _overloaded(request: Request, error: Exception) -> Response:
    # No traceback: in an outage there is one of these per request.
    reason = str(error).partition("\n")[0]
    _log.warning("request.overloaded", error=type(error).__name__, reason=reason)
    return problem_response(
        request,
        ProblemCode.OVERLOADED,
        "The database or the object storage does not answer; try again shortly.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
