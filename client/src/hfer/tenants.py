"""Tenants of the service: their weights and limits. For keys with the scope ``admin``."""

from collections.abc import Iterator

from hfer._wire import iterate, run
from hfer.aio.tenants import AsyncTenants
from hfer.tenant_models import Tenant, TenantLimits


class Tenants:
    """All tenants of the service."""

    def __init__(self, core: AsyncTenants) -> None:
        self._core = core

    def list(self) -> Iterator[Tenant]:
        """Iterate over the tenants that have keys or limits of their own, by name."""
        yield from iterate(self._core.list())

    def get(self, tenant: str) -> Tenant:
        """Return a tenant.

        Raises:
            NotFoundError: no key names it and nothing is set for it.
        """
        return run(self._core.get(tenant))

    def put(self, tenant: str, *, weight: int = 1, limits: TenantLimits | None = None) -> Tenant:
        """Set all of a tenant's policy anew: what is left out is the deployment's.

        Args:
            tenant: its name, as keys carry it; it may be set before the first key is made.
            weight: its share of the workers while others wait too, 1..100.
            limits: those in place of the deployment's.
        """
        return run(self._core.put(tenant, weight=weight, limits=limits))

    def reset(self, tenant: str) -> None:
        """Let the deployment's weight and limits hold again.

        Raises:
            NotFoundError: nothing is set for it.
        """
        run(self._core.reset(tenant))
