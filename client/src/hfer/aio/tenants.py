"""Tenants of the service: their weights and limits, for operators."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from urllib.parse import quote

from hfer._codec import decode
from hfer._pages import entries
from hfer._transport import Call, Transport, json_call
from hfer.errors import UnexpectedAnswerError
from hfer.tenant_models import Tenant, TenantLimits

TENANTS = "/v1/tenants"


class AsyncTenants:
    """The tenants of the service, for asyncio; see `hfer.Tenants`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> AsyncGenerator[Tenant, None]:
        """Iterate over the tenants, by name."""
        async with aclosing(entries(self._transport, TENANTS)) as found:
            async for entry in found:
                yield _tenant(entry)

    async def get(self, tenant: str) -> Tenant:
        """Return a tenant."""
        return _tenant(await self._transport.send_json(Call("GET", _path(tenant))))

    async def put(
        self, tenant: str, *, weight: int = 1, limits: TenantLimits | None = None
    ) -> Tenant:
        """Set all of a tenant's policy anew; see `hfer.Tenants.put`."""
        wanted = {"weight": weight, "limits": asdict(limits or TenantLimits())}
        return _tenant(await self._transport.send_json(json_call("PUT", _path(tenant), wanted)))

    async def reset(self, tenant: str) -> None:
        """Let the deployment's weight and limits hold again."""
        await self._transport.send(Call("DELETE", _path(tenant)))


def _path(tenant: str) -> str:
    return f"{TENANTS}/{quote(tenant, safe='')}"


def _tenant(body: object) -> Tenant:
    tenant = decode(Tenant, body)
    if not tenant.tenant:
        raise UnexpectedAnswerError("The answer is not a tenant. Does the service know tenants?")
    return tenant
