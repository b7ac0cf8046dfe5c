"""API keys of the service: made, listed, changed, rolled and revoked by an operator."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from datetime import datetime
from urllib.parse import quote

from hfer._codec import decode
from hfer._pages import entries
from hfer._retry import ONCE
from hfer._transport import Call, Transport, json_call
from hfer.errors import UnexpectedAnswerError
from hfer.key_models import ApiKey, KeyPurpose

KEYS = "/v1/api-keys"


class AsyncApiKeys:
    """The API keys of the deployment, for asyncio; see `hfer.ApiKeys`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> AsyncGenerator[ApiKey, None]:
        """Iterate over the keys of all tenants, newest first, revoked ones included."""
        async with aclosing(entries(self._transport, KEYS)) as found:
            async for entry in found:
                yield _key(entry)

    async def current(self) -> ApiKey:
        """Look at the client's own key; see `hfer.ApiKeys.current`."""
        return _key(await self._transport.send_json(Call("GET", f"{KEYS}/current")))

    async def create(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        tenant: str | None = None,
        expires_at: datetime | None = None,
        purpose: KeyPurpose | None = None,
        output: str | None = None,
    ) -> ApiKey:
        """Make a key with its ``secret``; see `hfer.ApiKeys.create`."""
        wanted = {
            "name": name,
            "scopes": [*scopes],
            "tenant": tenant,
            "expires_at": _at(expires_at),
            "purpose": purpose and asdict(purpose),
            "output": output,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        return _key(await self._transport.send_json(json_call("POST", KEYS, body), retry=ONCE))

    async def change(
        self,
        key_id: str,
        *,
        name: str | None = None,
        purpose: KeyPurpose | None = None,
        output: str | None = None,
        expires_at: datetime | None = None,
        never_expires: bool = False,
    ) -> ApiKey:
        """Change a key; see `hfer.ApiKeys.change`."""
        wanted = {
            "name": name,
            "purpose": purpose and asdict(purpose),
            "output": output,
            "expires_at": _at(expires_at),
        }
        keep = {"expires_at"} if never_expires else set()
        body = {name: value for name, value in wanted.items() if value is not None or name in keep}
        return _key(await self._transport.send_json(json_call("PATCH", _path(key_id), body)))

    async def roll(
        self, key_id: str, *, overlap_s: int | None = None, expires_at: datetime | None = None
    ) -> ApiKey:
        """Draw a new ``secret``; see `hfer.ApiKeys.roll`."""
        wanted = {"overlap_s": overlap_s, "expires_at": _at(expires_at)}
        body = {name: value for name, value in wanted.items() if value is not None}
        call = json_call("POST", f"{_path(key_id)}/roll", body)
        return _key(await self._transport.send_json(call, retry=ONCE))

    async def revoke(self, key_id: str) -> None:
        """Revoke a key at once and for good."""
        await self._transport.send(Call("DELETE", _path(key_id)))


def _path(key_id: str) -> str:
    return f"{KEYS}/{quote(key_id, safe='')}"


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone().isoformat()


def _key(body: object) -> ApiKey:
    key = decode(ApiKey, body)
    if not key.id:
        raise UnexpectedAnswerError("The answer is no API key. Is this the service's URL?")
    return key
