"""Scripts of other origins, where the operator names them (CORS)."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Prefer",
    "Range",
    "Traceparent",
    "X-Request-Id",
)
# What a script may read of an answer besides its body and type.
_READ = (
    "Accept-Ranges",
    "Content-Range",
    "Content-Disposition",
    "ETag",
    "HFER-Passed-Over",
    "Idempotency-Replayed",
    "Ignored-Parameters",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let scripts of ``origins`` call the API with a key of their own; it has no cookies.

    Add it after what makes answers, so that errors can be read too.
    """
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=_READ,
    )
