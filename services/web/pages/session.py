"""`/login` and `/logout`."""

import math

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.access import role_for, safe_target
from services.web.audit_log import log_login
from services.web.forms import read_form
from services.web.state import render, see_other, web_of
from services.web.views.units import duration


async def show_login(request: Request) -> Response:
    """Ask for the password."""
    if web_of(request).settings.password is None:
        return see_other(request, "/")
    target = safe_target(request.query_params.get("next", "/"))
    return render(request, "login.html", target=target, fault="")


async def log_in(request: Request) -> Response:
    """Open a session for who knows a password."""
    web = web_of(request)
    form = await read_form(request)
    target = safe_target(form.get("next", "/"))
    client = request.client.host if request.client else ""
    if wait := await web.throttle.admit(client):
        log_login(address=client, code="rate-limited")
        fault = f"Too many wrong passwords. Try again in {duration(wait)}."
        page = render(request, "login.html", http_status=429, target=target, fault=fault)
        page.headers["Retry-After"] = str(math.ceil(wait))
        return page
    role = role_for(form.get("password", ""), web.settings)
    if role is None:
        await web.throttle.failed()
        log_login(address=client, code="wrong-password")
        fault = "That is not the password. Ask whoever runs this page for it."
        return render(request, "login.html", http_status=403, target=target, fault=fault)
    await web.throttle.succeeded(client)
    web.sessions.begin(request.session, role.value)
    log_login(address=client, role=role.value)
    return see_other(request, target)


async def log_out(request: Request) -> Response:
    """End the session, and all copies of its cookie."""
    await web_of(request).sessions.end(request.session)
    return see_other(request, "/login")


routes = [
    Route("/login", show_login),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
]
