"""Who did what, for async programs; see `hfer.audit`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from hfer._codec import decode
from hfer._pages import entries
from hfer._results import MEDIA_TYPES
from hfer._transport import Call, Transport
from hfer.audit_models import AuditEntry, AuditFilter
from hfer.models import ResultFormat

_PATH = "/v1/audit"
_EVERYTHING = AuditFilter()


class AsyncAudit:
    """See `hfer.audit.Audit`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, narrow: AuditFilter = _EVERYTHING) -> AsyncGenerator[AuditEntry, None]:
        """Iterate over acts, newest first, page by page."""
        async with aclosing(entries(self._transport, _PATH, query=_query(narrow))) as found:
            async for entry in found:
                yield decode(AuditEntry, entry)

    async def export(
        self, encoding: ResultFormat, narrow: AuditFilter = _EVERYTHING
    ) -> AsyncGenerator[bytes, None]:
        """Stream all acts that fit as JSON Lines or CSV, newest first."""
        query = _query(narrow) | {"format": encoding.value}
        call = Call("GET", _PATH, query=query, headers={"Accept": MEDIA_TYPES[encoding]})
        async with aclosing(self._transport.stream(call)) as blocks:
            async for block in blocks:
                yield block


def _query(narrow: AuditFilter) -> dict[str, str]:
    said = {
        "tenant": narrow.tenant,
        "key": narrow.key,
        "action": narrow.action,
        "object": narrow.about,
        "from": narrow.since.isoformat() if narrow.since else None,
        "to": narrow.until.isoformat() if narrow.until else None,
    }
    return {name: value for name, value in said.items() if value is not None}
