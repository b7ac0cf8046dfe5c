"""What a process of the page holds, and how handlers reach it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from services.web.access import Role
from services.web.gateway import ApiRefusalError, Gateway
from services.web.guard import fingerprint
from services.web.neighbours import Neighbours
from services.web.sessions import Sessions
from services.web.settings import WebSettings
from services.web.streams import Streams
from services.web.throttle import LoginThrottle
from services.web.views.units import count, span

HERE = Path(__file__).parent
STATIC = HERE / "static"
FLASH = "flash"
_LIMITS_S = 60.0
# The API's words for what a key may see of faces: all, blurred pictures, counts of a job.
FULL, BLURRED, AGGREGATE = "full", "blurred", "aggregate"
# Batches that lie in the temporary folder at a time; our own script makes them 32 MB at most.
_BATCHES = 16
# Spreadsheets that are written at a time: each takes a thread, and room in the temporary folder.
_SPREADSHEETS = 2


@dataclass(slots=True)
class WebState:
    """Settings, the way to the API, templates, and what bounds this process."""

    settings: WebSettings
    gateway: Gateway
    templates: Environment
    throttle: LoginThrottle
    sessions: Sessions
    batches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_BATCHES))
    spreadsheets: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_SPREADSHEETS)
    )
    streams: Streams = field(default_factory=Streams)
    neighbours: Neighbours = field(init=False)
    _limits: dict[str, Any] = field(default_factory=dict)
    _limits_at: float = float("-inf")
    _output: str = FULL
    _output_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.neighbours = Neighbours(self.gateway)

    async def limits(self) -> Mapping[str, Any]:
        """Return what the API takes, as of the last minute."""
        if time.monotonic() - self._limits_at > _LIMITS_S:
            self._limits = await self.gateway.get("/v1/limits")
            self._limits_at = time.monotonic()
        return self._limits

    async def output(self) -> str:
        """Return how much of faces the page's key may see, as of the last minute."""
        if time.monotonic() - self._output_at > _LIMITS_S:
            try:
                key = await self.gateway.get("/v1/api-keys/current")
            except ApiRefusalError:
                key = {}  # an API of before does not tell; it says no by itself
            self._output = str(key.get("output") or FULL)
            self._output_at = time.monotonic()
        return self._output


def build_templates(settings: WebSettings) -> Environment:
    """Build the template environment: everything is escaped, a misspelt name is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "version": fingerprint(STATIC),
        "has_login": settings.password is not None,
        "contact": settings.contact,
        "root": settings.prefix,
        "count": count,
    }
    environment.filters["span"] = span
    return environment


def web_of(request: Request) -> WebState:
    """Return the process' state."""
    return cast("WebState", request.app.state.web)


def address(request: Request, path: str) -> str:
    """Return what a browser calls ``path`` of this page, which may lie below a prefix."""
    return web_of(request).settings.prefix + path


def see_other(request: Request, path: str) -> RedirectResponse:
    """Lead a browser to ``path`` of this page."""
    return RedirectResponse(address(request, path), status_code=303)


def is_admin(request: Request) -> bool:
    """Whether the visitor may change models."""
    return bool(getattr(request.state, "role", None) is Role.ADMIN)


def now() -> datetime:
    """Return the time that ages are counted from."""
    return datetime.now(UTC)


def render(
    request: Request, template: str, *, http_status: int = 200, **context: Any
) -> HTMLResponse:
    """Render a page; a message left by the last request is shown once."""
    flash = request.session.pop(FLASH, None)
    html = (
        web_of(request)
        .templates.get_template(template)
        .render(
            path=request.url.path,
            admin=is_admin(request),
            logged_in=getattr(request.state, "role", None) is not None,
            flash=flash,
            **context,
        )
    )
    return HTMLResponse(html, status_code=http_status)


def leave_message(request: Request, text: str) -> None:
    """Leave a message for the next page."""
    request.session[FLASH] = text
