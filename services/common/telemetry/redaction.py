"""Secrets never reach a log: a structlog processor that blanks them by key and by shape."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"(secret|password|passwd|authorization|cookie|credential|api_?key|access_key|admin_key)",
    re.IGNORECASE,
)
# scheme://user:password@host as in every database, broker and proxy URL.
_URL_PASSWORD = re.compile(r"(?P<head>\w+://[^\s:/@]*:)[^\s@]+(?=@)")
# Our own keys, hfer_<env>_<secret>.
_API_KEY = re.compile(r"\b(?P<head>hfer_[a-z]+_)[A-Za-z0-9_-]{8,}")
# Secrets that sign webhooks.
_WEBHOOK_SECRET = re.compile(r"(?P<head>whsec_)[A-Za-z0-9+/=]+")
_BEARER = re.compile(r"(?P<head>bearer\s+)\S+", re.IGNORECASE)


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Blank secrets in every value of a log event, nested ones and tracebacks included."""
    for key, value in event.items():
        event[key] = REDACTED if _SECRET_KEY.search(key) else _clean(value)
    return event


def _clean(value: object) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            key: REDACTED if _SECRET_KEY.search(str(key)) else _clean(inner)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_clean(inner) for inner in value]
    return value


def redact_text(text: str) -> str:
    """Blank passwords in URLs, our API keys, webhook secrets and bearer tokens in free text."""
    for pattern in (_URL_PASSWORD, _BEARER, _API_KEY, _WEBHOOK_SECRET):
        text = pattern.sub(rf"\g<head>{REDACTED}", text)
    return text
