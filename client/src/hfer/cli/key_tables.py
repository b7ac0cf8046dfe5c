"""Tables of API keys for people."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.table import Table

from hfer.cli.tables import add, lines_table, shown_time, titled_table
from hfer.key_models import ApiKey


def keys_table(keys: Iterable[ApiKey]) -> Table:
    """One row per key."""
    table = titled_table(
        *("key", "name", "tenant", "scopes", "purpose", "secret", "state", "last used")
    )
    for key in keys:
        add(
            table,
            key.id,
            key.name,
            key.tenant,
            " ".join(key.scopes),
            _purpose(key),
            _secrets(key),
            _state(key),
            shown_time(key.last_used_at),
        )
    return table


def key_table(key: ApiKey) -> Table:
    """Everything worth knowing of one key, a line each."""
    return lines_table(
        {
            "key": key.id,
            "name": key.name,
            "tenant": key.tenant,
            "scopes": " ".join(key.scopes),
            "purpose": _purpose(key),
            "output": key.output,
            "secret": key.secret or "",
            "former secret": _former(key),
            "state": _state(key),
        }
    )


def _purpose(key: ApiKey) -> str:
    if key.purpose is None:
        return ""
    words = (key.purpose.name, key.purpose.exception and f"({key.purpose.exception})")
    return " ".join(word for word in words if word)


def _secrets(key: ApiKey) -> str:
    former = _former(key)
    return f"{key.prefix}…, {former}" if former else f"{key.prefix}…"


def _former(key: ApiKey) -> str:
    if key.former_until is None or key.former_until <= datetime.now(UTC):
        return ""
    return f"{key.former_prefix}… works until {shown_time(key.former_until)}"


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {shown_time(key.revoked_at)}"
    if key.expires_at is None:
        return "live"
    word = "expired" if key.expires_at <= datetime.now(UTC) else "live until"
    return f"{word} {shown_time(key.expires_at)}"
