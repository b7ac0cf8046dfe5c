"""What wraps every request: an id, a log line, metrics, HEAD, a cap on its body, a last resort."""

import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from services.api.address import own_path
from services.api.asked import asked_of, log_fields
from services.api.errors import BodyTooLargeError
from services.api.problems import ProblemCode, problem_response
from services.common.domain.ids import new_uuid7
from services.common.telemetry import Metrics, Tracing, correlated, get_logger

REQUEST_ID_HEADER = "X-Request-Id"
# Where whoever serves a request leaves headers of its answer, whoever makes it: an error too.
ANSWER_HEADERS = "hfer.answer_headers"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# W3C Trace Context, section 3.2: version, trace id, parent id, flags; all-zero ids are invalid.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace_id>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}.*"
)
# Python refuses to convert endless digits; 18 of them are an exabyte already.
_LONGEST_LENGTH = 18
# Asked every few seconds by machines; what readiness found red is logged by its checks.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAFE_HEADERS = {"X-Content-Type-Options": "nosniff"}

_log = get_logger(__name__)


class RequestContextMiddleware:
    """Gives each request an id, which its answer and its log lines carry, and counts it.

    An exception that nothing else handles ends here as a 500 problem: outside of this class
    the answer would miss the id. The id is the caller's ``X-Request-Id``, else the trace id of
    a W3C ``traceparent``, else a new one.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traceparent = self._tracing.traceparent()
        trace_id = traceparent.split("-")[1] if traceparent else _trace_id(scope)
        request_id = _request_id(scope) or trace_id or new_uuid7().hex
        scope["request_id"] = request_id
        asked_of(scope)  # here, so that copies of the scope share it
        scope[ANSWER_HEADERS] = {}
        traced = {"trace_id": trace_id} if trace_id else {}
        with correlated(request_id, traceparent=traceparent), bound_contextvars(**traced):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = scope["request_id"]
                for name, value in _SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                for name, value in scope[ANSWER_HEADERS].items():
                    headers.append(name, value)  # an endpoint may have applied a preference too
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            _log.exception("request.failed", path=scope["path"], error=type(error).__name__)
            if status:
                raise  # half an answer is out: only a broken connection shows it to the client
            response = problem_response(
                Request(scope), ProblemCode.INTERNAL, "The service met an error it does not expect."
            )
            await response(scope, receive, send_with_id)
        finally:
            self._record(scope, status=status, seconds=time.perf_counter() - started)

    def _record(self, scope: Scope, *, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.http_requests.labels(method, route, str(status)).inc()
        self._metrics.http_seconds.labels(method, route).observe(seconds)
        log = _log.debug if route in _PROBES else _log.info
        log(
            "request.done",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            **log_fields(scope),
        )


class HeadMiddleware:
    """Answers HEAD wherever GET is answered (RFC 9110, 9.3.2): as GET, without the body.

    The answer ends with its headers, for the application as if the client had gone then: what
    it streams, an endless list of events too, is not made for nobody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other methods pass through."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        asked_of(scope).head = True
        # The server looks at its own scope, to send the length of the body and no body.
        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, send_head)
        finally:
            for key in ("route", "path_params"):  # metrics and log lines name them
                if key in asked:
                    scope[key] = asked[key]


class BodyLimitMiddleware:
    """Counts the bytes of a body as they come, whatever ``Content-Length`` says."""

    def __init__(self, app: ASGIApp, *, limit_of: Callable[[str, str], int]) -> None:
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; its body fails with `BodyTooLargeError` where it passes the cap."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["method"], own_path(scope))
        seen = limit + 1 if _declares_more_than(limit, scope) else 0

        async def counted() -> Message:
            nonlocal seen
            if seen > limit:
                raise BodyTooLargeError(limit)
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise BodyTooLargeError(limit)
            return message

        await self._app(scope, counted, send)


def _declares_more_than(limit: int, scope: Scope) -> bool:
    declared = Headers(scope=scope).get("content-length", "")
    if not declared.isdecimal():
        return False
    return len(declared) > _LONGEST_LENGTH or int(declared) > limit


def _request_id(scope: Scope) -> str | None:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else None


def _trace_id(scope: Scope) -> str | None:
    match = _TRACEPARENT.fullmatch(Headers(scope=scope).get("traceparent", ""))
    return match["trace_id"] if match else None
