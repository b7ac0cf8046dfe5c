"""How much one tenant may have a process do at a time, where the others would wait for it."""

import asyncio
from weakref import WeakValueDictionary


class TenantTurns:
    """Semaphores by tenant, in the order of asking. Of one event loop; an unused one is gone."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, tenant: str) -> asyncio.Semaphore:
        """Return the tenant's, to be held by whoever waits in it."""
        return self._of.setdefault(tenant, asyncio.Semaphore(self._at_once))
