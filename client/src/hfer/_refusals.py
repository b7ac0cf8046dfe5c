"""Answers that are no success: the service's own, or of what stands before it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from hfer._codec import decode
from hfer._retry import parse_retry_after
from hfer.errors import ApiError, Problem, api_error

TOO_LARGE, PROXY_AUTHENTICATION = 413, 407


def refusal(response: httpx.Response, *, proxy: str | None) -> ApiError:
    """Build the error of a response; ``proxy`` is the one that it came through, if any."""
    try:
        body = json.loads(response.content)
    except ValueError:
        body = {}
    problem = decode(Problem, body)
    if not problem.code and not problem.detail:
        problem = replace(problem, detail=_detail(response, proxy))
    if not problem.request_id:
        problem = replace(problem, request_id=response.headers.get("X-Request-Id", ""))
    wait = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
    return api_error(problem, status=response.status_code, retry_after_s=wait)


def _detail(response: httpx.Response, proxy: str | None) -> str:
    """Explain an answer that is none of the service: nginx's page, a proxy's, a portal's."""
    status = f"{response.status_code} {response.reason_phrase}".strip()
    server = response.headers.get("Server", "")
    way = f"; the way leads through the proxy {proxy}" if proxy else ""
    said = f"Something before the service answered {status}{f' ({server})' if server else ''}{way}."
    if response.status_code == TOO_LARGE:
        size = int(response.request.headers.get("Content-Length", 0)) / 1e6
        return (
            f"{said} It takes no request of {size:,.1f} MB: send fewer photos at once, or smaller"
            " ones (shrink), or have its limit raised (nginx: client_max_body_size 1g)."
        )
    if response.status_code == PROXY_AUTHENTICATION:
        return f"{said} Give it a name: HTTPS_PROXY=http://user:password@host:port."
    return said
