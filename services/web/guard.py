"""What every request must pass, and the headers that every answer carries."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.web.settings import WebSettings

_SAFE_METHODS = frozenset({"GET", "HEAD"})
# No inline script or style anywhere, nothing from other hosts; blob: shows photos just chosen.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
SECURE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
_STRICT_TRANSPORT = "max-age=31536000"


class Guard:
    """Refuses foreign hosts and foreign sites' posts; adds the headers.

    Against cross-site request forgery it asks what the browser says by itself where a request
    comes from (``Sec-Fetch-Site``, else ``Origin``), so that forms work without a token and
    without scripts. Browsers that send neither with a POST are older than 2020.
    """

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        self._app = app
        self._hosts = settings.open_hosts
        self._public = urlsplit(settings.public_url or "").netloc.lower()
        self._headers = dict(SECURE_HEADERS)
        if settings.secure:
            self._headers["Strict-Transport-Security"] = _STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # Pages show people: no shared cache and no history file may keep them.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        app = self._refusal(scope) or self._app
        await app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if self._hosts is not None and _hostname(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse(
                "This page answers on this machine only. To reach it under another name, set"
                " HFER_WEB__PASSWORD, or HFER_WEB__PUBLIC_URL to that name.\n",
                status_code=421,
            )
        if scope["method"] in _SAFE_METHODS or self._is_own(headers):
            return None
        return PlainTextResponse(
            "The request does not come from this page: open the page itself and try again."
            " Behind a proxy that changes the Host header, set HFER_WEB__PUBLIC_URL.\n",
            status_code=403,
        )

    def _is_own(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = urlsplit(headers.get("origin", "")).netloc.lower()
        return bool(origin) and origin in {self._public, headers.get("host", "").lower()}


def _hostname(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()


def fingerprint(folder: Path) -> str:
    """Digest all files below ``folder``: the version in the addresses of scripts and styles."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return base64.urlsafe_b64encode(digest.digest()[:9]).decode()
