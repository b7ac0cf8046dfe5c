"""The few HTTP calls that the launcher makes itself, to loopback and past any proxy."""

import json
from typing import Any
from urllib.error import URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

TIMEOUT_S = 10.0
_OK = 200


def answers(url: str, *, key: str | None = None) -> bool:
    """Tell whether a GET of ``url`` is answered by 200."""
    try:
        with _opener().open(_request(url, key=key), timeout=TIMEOUT_S) as response:
            return bool(response.status == _OK)
    except (URLError, OSError):
        return False


def get_json(url: str) -> dict[str, Any]:
    """Return the JSON object at ``url``, an empty one when it does not answer."""
    try:
        with _opener().open(_request(url, key=None), timeout=TIMEOUT_S) as response:
            answer: dict[str, Any] = json.load(response)
    except (URLError, OSError):
        return {}
    return answer


def post_json(url: str, body: object, *, key: str) -> dict[str, Any]:
    """Send ``body`` and return the answer, both JSON objects; `URLError` on any other."""
    request = _request(url, key=key)
    request.data = json.dumps(body).encode()
    request.add_header("Content-Type", "application/json")
    with _opener().open(request, timeout=TIMEOUT_S) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def _opener() -> OpenerDirector:
    return build_opener(ProxyHandler({}))


def _request(url: str, *, key: str | None) -> Request:
    request = Request(url)  # noqa: S310 - our own http URL
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    return request
