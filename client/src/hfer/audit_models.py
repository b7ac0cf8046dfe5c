"""Acts as the service answers them, and which are wanted; every field has a default."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act: who did what, on what, when, and with what outcome.

    Attributes:
        at: by the clock of the service's database.
        action: such as ``job.erased``.
        outcome: ``done`` or ``refused``.
        code: of the problem that refused it.
        object: id of what it was done to.
        key: id of the key that acted.
        key_name: its name.
        tenant: of the key.
        address: of the client.
        request_id: as its answer and the service's log lines have it.
    """

    at: datetime | None = None
    action: str = ""
    outcome: str = ""
    code: str | None = None
    object: str | None = None
    key: str = ""
    key_name: str = ""
    tenant: str = ""
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which acts are wanted; None narrows nothing.

    Attributes:
        tenant: of the key that acted.
        key: id of the key that acted.
        action: such as ``job.erased``.
        about: id of what was acted on.
        since: not earlier, with a time zone.
        until: earlier, with a time zone.
    """

    tenant: str | None = None
    key: str | None = None
    action: str | None = None
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None
