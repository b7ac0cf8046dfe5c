"""Under which address clients reach this service: the public URL, else what proxies forward."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import IPvAnyNetwork
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

# One value each: what a chain of proxies appended to is nobody's word. A prefix that begins with
# two slashes would lead to another host.
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_PREFIX = re.compile(r"((?:/[A-Za-z0-9._~-]{1,100}){1,10})/?")


class AddressMiddleware:
    """Makes a request's own URL the one that its sender used, below a prefix too.

    So redirects, ``Location``, ``Link`` and links lead back through the proxy. With a public URL
    that is the address of every request. Without one, `X-Forwarded-Proto`, `-Host`, `-Prefix`
    and `-For` are obeyed where they come from a trusted proxy. `Forwarded` (RFC 7239) is not
    read: a proxy that sets the one kind passes the other on as strangers wrote it. Whether the
    proxy takes the prefix off a path or leaves it there does not matter.
    """

    def __init__(
        self, app: ASGIApp, *, public_base: str, trusted_proxies: Sequence[IPvAnyNetwork]
    ) -> None:
        self._app = app
        self._public = urlsplit(public_base)
        trusted = ProxyHeadersMiddleware(self._serve, [str(network) for network in trusted_proxies])  # type: ignore[arg-type] # uvicorn's own types of ASGI
        self._trusted_hosts = trusted.trusted_hosts
        self._forwarded = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        if client and client[0] in self._trusted_hosts:
            headers = Headers(scope=scope)
            if host := _only(headers, "x-forwarded-host", _HOST):
                MutableHeaders(scope=scope)["host"] = host
            if prefix := _only(headers, "x-forwarded-prefix", _PREFIX):
                scope["root_path"] = prefix.rstrip("/")
        await self._forwarded(scope, receive, send)  # type: ignore[arg-type] # as above

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._public.netloc:
            scope["scheme"] = self._public.scheme
            MutableHeaders(scope=scope)["host"] = self._public.netloc
            scope["root_path"] = self._public.path
        prefix, path = scope.get("root_path", ""), scope["path"]
        if prefix and not f"{path}/".startswith(f"{prefix}/"):
            scope["path"] = prefix + path
        await self._app(scope, receive, send)


def own_path(scope: Scope) -> str:
    """Return the path of a request without the prefix below which the service is reached."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def base_of(request: Request) -> str:
    """Return what precedes our paths: the public URL if one is set, else a proxy's prefix."""
    public_base: str = getattr(request.app.state, "public_base", "")
    return public_base or str(request.scope.get("root_path", "")).rstrip("/")


def _only(headers: Headers, name: str, pattern: re.Pattern[str]) -> str | None:
    """Return the one value of a header, if it is one that may stand in an address."""
    values = headers.getlist(name)
    return values[0] if len(values) == 1 and pattern.fullmatch(values[0]) else None
