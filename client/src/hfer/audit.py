"""Who did what on the service. Needs an API key with the scope ``admin``."""

from collections.abc import Iterator

from hfer._wire import iterate
from hfer.aio.audit import AsyncAudit
from hfer.audit_models import AuditEntry, AuditFilter
from hfer.models import ResultFormat

_EVERYTHING = AuditFilter()


class Audit:
    """The audit of the service, newest first."""

    def __init__(self, core: AsyncAudit) -> None:
        self._core = core

    def list(self, narrow: AuditFilter = _EVERYTHING) -> Iterator[AuditEntry]:
        """Iterate over acts, page by page."""
        yield from iterate(self._core.list(narrow))

    def export(self, encoding: ResultFormat, narrow: AuditFilter = _EVERYTHING) -> Iterator[bytes]:
        """Stream all acts that fit as JSON Lines or CSV.

        Raises:
            BrokenOffError: the answer was cut; there is no reading on.
        """
        yield from iterate(self._core.export(encoding, narrow))
