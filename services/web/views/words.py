"""What went wrong: what the API says of it, and what only the page can know."""

from dataclasses import dataclass

from services.web.gateway import ApiError, ApiRefusalError

_BAD_GATEWAY = 502
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error page shows: ``advice`` says what to do, ``status`` is for the browser."""

    title: str
    detail: str
    advice: str
    status: int
    code: str = ""
    request_id: str = ""


# To the API the page is the caller, and its key is none of the visitor's.
_KEY_TITLES = {
    "unauthenticated": "The page's API key does not work",
    "insufficient-scope": "The page's API key may not do this",
}
_KEY_ADVICE = {
    "unauthenticated": "Whoever runs this page: set HFER_WEB__API_KEY to a key that is valid.",
    "insufficient-scope": "Whoever runs this page: give its key the scope that is named.",
}
# Its detail says already that the same request may succeed shortly.
_OVERLOADED = "overloaded"
_OURS = "Reload the page. If it stays, give the request number to whoever runs this service."


def fault_of(error: ApiError) -> Fault:
    """Return what to show of an error of the API, or of its silence."""
    if not isinstance(error, ApiRefusalError):
        return Fault(
            "The service does not answer",
            error.detail,
            "Try again in a minute. Photos and results that were accepted are safe.",
            _BAD_GATEWAY,
        )
    # A 401 or 403 would ask the visitor to log in.
    hidden = {401: _BAD_GATEWAY, 403: _BAD_GATEWAY}
    is_ours = error.status >= _SERVER_FAULT and error.code != _OVERLOADED
    return Fault(
        title=_KEY_TITLES.get(error.code) or error.title or "That did not work",
        detail=error.detail,
        advice=_KEY_ADVICE.get(error.code, _OURS if is_ours else ""),
        status=hidden.get(error.status, error.status),
        code=error.code,
        request_id=error.request_id,
    )
