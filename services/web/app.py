"""The application factory: routes, errors in words, middleware, and a lifespan that closes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.web.access import AccessMiddleware, session_secret
from services.web.batches import BatchError
from services.web.gateway import ApiError, Gateway
from services.web.guard import Guard
from services.web.marks import ApiMarks, LocalMarks, SharedMarks
from services.web.pages import (
    events,
    grid,
    home,
    job,
    jobs,
    links,
    models,
    photos,
    reviews_grid,
    session,
    spreadsheets,
    submit,
)
from services.web.sessions import UNUSED_S, Sessions
from services.web.settings import WebSettings
from services.web.state import STATIC, WebState, build_templates, render, see_other
from services.web.throttle import LoginThrottle
from services.web.views.words import Fault, fault_of

SESSION_COOKIE = "hfer_session"
_BAD_REQUEST, _NOT_FOUND = 400, 404
# The address of a script or style changes with its content.
_FOREVER = "public, max-age=31536000, immutable"


def create_app(
    settings: WebSettings | None = None, *, transport: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """Build the application.

    Args:
        settings: read from the environment when None.
        transport: an httpx transport in place of the network, for tests.
    """
    chosen = settings or WebSettings()
    gateway = Gateway(chosen, transport=transport)
    secret = session_secret(chosen)
    marks = SharedMarks(ApiMarks(gateway, secret=secret), LocalMarks())
    sessions = Sessions(marks)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await gateway.close()

    forms = (home, submit, links, session)
    shown = (jobs, job, grid, reviews_grid, events, spreadsheets, photos, models)
    app = Starlette(
        routes=[
            *(route for page in (*forms, *shown) for route in page.routes),
            Mount("/static", _Cached(StaticFiles(directory=STATIC)), name="static"),
        ],
        middleware=[
            Middleware(_WithoutPrefix, prefix=chosen.prefix),
            Middleware(Guard, settings=chosen),
            Middleware(
                SessionMiddleware,
                secret_key=secret,
                session_cookie=SESSION_COOKIE,
                path=chosen.prefix or "/",
                max_age=UNUSED_S,
                same_site="lax",
                https_only=chosen.secure,
            ),
            Middleware(AccessMiddleware, settings=chosen, sessions=sessions),
        ],
        exception_handlers={
            ApiError: _api_error,
            BatchError: _batch_error,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # its addresses know no prefix and no TLS in front
    app.state.web = WebState(
        chosen, gateway, build_templates(chosen), LoginThrottle(marks), sessions
    )
    return app


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - shows mypy what Starlette guarantees
    return _answer(request, fault_of(error))


async def _batch_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BatchError)  # noqa: S101 - as above
    return _answer(request, Fault("The upload cannot be read", error.detail, "", _BAD_REQUEST))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status, detail = error.status_code, error.detail
    if status == _NOT_FOUND:
        path = request.url.path
        if request.method == "GET" and path.endswith("/") and path.strip("/"):
            return see_other(request, "/" + path.strip("/"))
        detail = "There is no page at this address."
    return _answer(
        request, Fault("That did not work", detail, "Go on from the start page.", status)
    )


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody is left to read an answer: the browser broke an upload off."""
    return Response(status_code=_BAD_REQUEST)


def _answer(request: Request, fault: Fault) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return render(request, "error.html", http_status=fault.status, fault=fault)
    body = {
        "title": fault.title,
        "detail": fault.detail,
        "advice": fault.advice,
        "code": fault.code,
        "request_id": fault.request_id,
    }
    return JSONResponse(body, status_code=fault.status)


class _WithoutPrefix:
    """Takes the prefix off a path, where no proxy did; probes come without one."""

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and f"{scope.get('path')}/".startswith(f"{self._prefix}/"):
            scope["path"] = scope["path"].removeprefix(self._prefix) or "/"
        await self._app(scope, receive, send)


class _Cached:
    """Lets browsers keep what carries its version in its address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cached(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["query_string"]:
                MutableHeaders(scope=message)["Cache-Control"] = _FOREVER
            await send(message)

        await self._app(scope, receive, cached)
