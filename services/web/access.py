"""Who may use the page. Without a password everyone who reaches it, on loopback, may."""

import hashlib
import hmac
from enum import StrEnum
from urllib.parse import urlencode

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.web.sessions import Sessions
from services.web.settings import WebSettings

LOGIN = "/login"
_OPEN_PATHS = (LOGIN, "/notice", "/healthz")
_STATIC = "/static/"


class Role(StrEnum):
    """What a visitor may do."""

    USER = "user"
    ADMIN = "admin"


async def role_of(request: Request, settings: WebSettings, sessions: Sessions) -> Role | None:
    """Return what the visitor may do; None for one who has to log in first."""
    if settings.password is None:
        return Role.ADMIN if settings.admin_api_key else Role.USER
    known = await sessions.role(request.session)
    return Role(known) if known in set(Role) else None


def role_for(password: str, settings: WebSettings) -> Role | None:
    """Return the role that a password opens; both are always compared, in constant time."""
    admin = _same(password, settings.admin_password) and settings.admin_api_key is not None
    user = _same(password, settings.password)
    if admin:
        return Role.ADMIN
    return Role.USER if user else None


def session_secret(settings: WebSettings) -> str:
    """Derive the key that signs sessions: equal in all processes, new with each new password."""
    parts = (settings.api_key, settings.password, settings.admin_password)
    text = "\0".join(part.get_secret_value() if part else "" for part in parts)
    return hmac.new(text.encode(), b"hfer web session", hashlib.sha256).hexdigest()


def safe_target(wanted: str) -> str:
    """Return a path of this page to go to after the login: never another host."""
    inside = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    )
    return wanted if inside else "/"


class AccessMiddleware:
    """Sends visitors who must log in to the login page, and scripts a 401."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions
        self._login = settings.prefix + LOGIN

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other scopes pass through."""
        if scope["type"] != "http" or scope["path"].startswith(_STATIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        role = await role_of(request, self._settings, self._sessions)
        request.state.role = role
        path = scope["path"]
        if role is not None or path in _OPEN_PATHS:
            await self._app(scope, receive, send)
        elif "text/html" in request.headers.get("accept", "") and scope["method"] == "GET":
            wanted = path + (f"?{request.url.query}" if request.url.query else "")
            target = f"{self._login}?{urlencode({'next': wanted})}"
            await RedirectResponse(target, 303)(scope, receive, send)
        else:
            body = {
                "detail": "You are logged out. Log in again and repeat it.",
                "login": self._login,
            }
            await JSONResponse(body, status_code=401)(scope, receive, send)


def _same(given: str, expected: SecretStr | None) -> bool:
    wanted = expected.get_secret_value() if expected else ""
    digests = (hashlib.sha256(text.encode()).digest() for text in (given, wanted))
    return hmac.compare_digest(*digests) and bool(wanted)
