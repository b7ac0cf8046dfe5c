"""What went wrong, in words a person can act on."""

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


_TITLES = {
    "not-found": "Not found",
    "gone": "It is erased",
    "job-final": "The job is over already",
    "job-not-finished": "The job is not finished yet",
    "nothing-to-retry": "Nothing to retry",
    "payload-too-large": "Too much at once",
    "archive-refused": "The archive is not opened",
    "unsafe-url": "A link that may not be fetched",
    "rate-limited": "Too many photos are waiting",
    "overloaded": "The service is busy",
    "unauthenticated": "The page's API key does not work",
    "insufficient-scope": "The page's API key may not do this",
    "model-worse": "The model is worse than the active one",
    "nothing-to-roll-back": "There is no model to go back to",
}
_ADVICE = {
    "not-found": "Look in the list of jobs; a job of another API key is not shown here.",
    "gone": "Photos and results are kept for a limited time. Submit the photos again.",
    "job-final": "Reload its page to see how it ended.",
    "job-not-finished": "Wait until it is finished, or cancel it.",
    "nothing-to-retry": "No photo of it failed in a way that another try could mend.",
    "payload-too-large": "Submit fewer photos at a time, or use the command line: hfer submit.",
    "rate-limited": "Wait until some of your jobs are finished, then submit again.",
    "overloaded": "Try again in a minute.",
    "unauthenticated": "Whoever runs this page: set HFER_WEB__API_KEY to a key that is valid.",
    "insufficient-scope": "Whoever runs this page: give its key the scope that is named.",
    "model-worse": "Activate it all the same only if you know that the figures mislead.",
    "nothing-to-roll-back": "Choose a model from the list and activate it.",
}
_OURS = "Reload the page. If it stays, give the request number to whoever runs this service."


def fault_of(error: ApiError) -> Fault:
    """Tell an error of the API, or its silence, in words."""
    if not isinstance(error, ApiRefusalError):
        return Fault(
            "The service does not answer",
            error.detail,
            "Try again in a minute. Photos and results that were accepted are safe.",
            _BAD_GATEWAY,
        )
    # A fault of the page's key is none of the visitor's: a 401 would ask them to log in.
    hidden = {401: _BAD_GATEWAY, 403: _BAD_GATEWAY}
    return Fault(
        title=_TITLES.get(error.code, "That did not work"),
        detail=error.detail,
        advice=_ADVICE.get(error.code, _OURS if error.status >= _SERVER_FAULT else ""),
        status=hidden.get(error.status, error.status),
        code=error.code,
        request_id=error.request_id,
    )
