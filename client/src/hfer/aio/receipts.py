"""Receipts of erasures, for async programs; see `hfer.receipts`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote

from hfer._codec import decode
from hfer._pages import entries
from hfer._transport import Call, Transport
from hfer.receipt_models import Erasure

_PATH = "/v1/erasures"


class AsyncErasures:
    """See `hfer.receipts.Erasures`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, job_id: str) -> Erasure:
        """Return the receipt of a job's erasure."""
        return decode(Erasure, await self._transport.send_json(Call("GET", _path(job_id))))

    async def list(self, *, tenant: str | None = None) -> AsyncGenerator[Erasure, None]:
        """Iterate over receipts, of the newest job first."""
        query = {"tenant": tenant} if tenant else {}
        async with aclosing(entries(self._transport, _PATH, query=query)) as found:
            async for entry in found:
                yield decode(Erasure, entry)

    async def raw(self, job_id: str) -> bytes:
        """Return a receipt as the service writes it."""
        return (await self._transport.send(Call("GET", _path(job_id)))).content

    async def keys(self) -> bytes:
        """Return the public keys as a JWK set."""
        return (await self._transport.send(Call("GET", f"{_PATH}/keys"))).content


def _path(job_id: str) -> str:
    return f"{_PATH}/{quote(job_id, safe='')}"
