"""What the processes of a page count together: in the API, or in the process while it is away.

A page has no store of its own: it knows the API only. Addresses and sessions leave it as HMACs.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from services.web.gateway import ApiError, ApiUnreachableError, Gateway, path_of

MOST_LOCAL = 10_000
_ADD = path_of("page", "marks")
_READ, _TAKE_BACK = f"{_ADD}/read", f"{_ADD}/take-back"
_PATIENCE_S = 3.0
# Sessions ended while the API was away, for it to learn when it is back.
_MOST_OWED = 1_000

_log = logging.getLogger("uvicorn.error")


class MarkKind(StrEnum):
    """What a mark is of, as the API names it."""

    LOGIN = "login"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Mark:
    """How often something was marked, and how many seconds ago the last time was."""

    count: int = 0
    age_s: float = 0.0


class Marks(Protocol):
    """Marks by kind and name; a name is any text."""

    async def read(self, kind: MarkKind, names: Sequence[str]) -> list[Mark]:
        """Return a mark for each name, in their order."""

    async def add(
        self, kind: MarkKind, name: str, *, ttl_s: float, expected: int | None = None
    ) -> int | None:
        """Mark once more, unless the count is not ``expected``; the count with it, else None."""

    async def take_back(self, kind: MarkKind, name: str) -> None:
        """Count one less."""


class LocalMarks:
    """Those of one process, 10,000 of a kind at most; beyond, the oldest are forgotten."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of = {kind: OrderedDict[str, tuple[int, float, float]]() for kind in MarkKind}

    async def read(self, kind: MarkKind, names: Sequence[str]) -> list[Mark]:
        """Return a mark for each name, in their order."""
        return [self._mark(kind, name) for name in names]

    async def add(
        self, kind: MarkKind, name: str, *, ttl_s: float, expected: int | None = None
    ) -> int | None:
        """Mark once more, unless the count is not ``expected``."""
        count = self._mark(kind, name).count
        if expected is not None and count != expected:
            return None
        known, now = self._of[kind], self._clock()
        known[name] = (count + 1, now, now + ttl_s)
        known.move_to_end(name)
        while len(known) > MOST_LOCAL:
            known.popitem(last=False)
        return count + 1

    async def take_back(self, kind: MarkKind, name: str) -> None:
        """Count one less."""
        if name in self._of[kind]:
            count, at, until = self._of[kind][name]
            self._of[kind][name] = max(0, count - 1), at, until

    def _mark(self, kind: MarkKind, name: str) -> Mark:
        count, at, until = self._of[kind].get(name, (0, 0.0, 0.0))
        now = self._clock()
        return Mark(count, now - at) if until > now else Mark()


class ApiMarks:
    """Those that the API keeps for all processes of the page; raises `ApiError` while it is away.

    Args:
        gateway: the way to the API.
        secret: keys the HMACs by which names leave the page.
    """

    def __init__(self, gateway: Gateway, *, secret: str) -> None:
        self._gateway = gateway
        self._secret = secret.encode()

    async def read(self, kind: MarkKind, names: Sequence[str]) -> list[Mark]:
        """Return a mark for each name, in their order."""
        digests = [self._digest(kind, name) for name in names]
        rows = await self._ask(_READ, {"kind": kind.value, "digests": digests}, wanted="data")
        found = {row["digest"]: Mark(row["count"], row["age_s"]) for row in rows}
        return [found.get(digest, Mark()) for digest in digests]

    async def add(
        self, kind: MarkKind, name: str, *, ttl_s: float, expected: int | None = None
    ) -> int | None:
        """Mark once more, unless the count is not ``expected``."""
        body = {"kind": kind.value, "digest": self._digest(kind, name), "ttl_s": ttl_s}
        count: int | None = await self._ask(_ADD, {**body, "expected": expected}, wanted="count")
        return count

    async def take_back(self, kind: MarkKind, name: str) -> None:
        """Count one less."""
        body = {"kind": kind.value, "digest": self._digest(kind, name)}
        await self._ask(_TAKE_BACK, body, wanted="count")

    async def _ask(self, path: str, body: dict[str, Any], *, wanted: str) -> Any:
        """Ask the API, in short: a login does not wait for minutes to be counted."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._gateway.post(path, body)
        except TimeoutError:
            raise ApiUnreachableError(f"No answer from the API in {_PATIENCE_S:.0f} s.") from None
        if wanted not in answer:
            raise ApiUnreachableError("The API's answer is none about marks.")
        return answer[wanted]

    def _digest(self, kind: MarkKind, name: str) -> str:
        return hmac.new(self._secret, f"{kind}\0{name}".encode(), hashlib.sha256).hexdigest()


class SharedMarks:
    """The API's marks; the process' own while it cannot be asked, or is older than this page.

    What is added goes to both, so that the own ones hold what this process has seen.
    """

    def __init__(self, shared: Marks, own: Marks) -> None:
        self._shared = shared
        self._own = own
        self._away = False
        self._owed: deque[tuple[str, float]] = deque(maxlen=_MOST_OWED)

    async def read(self, kind: MarkKind, names: Sequence[str]) -> list[Mark]:
        """Return a mark for each name, in their order."""
        try:
            found = await self._shared.read(kind, names)
        except ApiError as error:
            self._lose(error)
            return await self._own.read(kind, names)
        await self._regain()
        return found

    async def add(
        self, kind: MarkKind, name: str, *, ttl_s: float, expected: int | None = None
    ) -> int | None:
        """Mark once more, unless the count is not ``expected``."""
        try:
            count = await self._shared.add(kind, name, ttl_s=ttl_s, expected=expected)
        except ApiError as error:
            self._lose(error)
            if kind is MarkKind.SESSION:
                self._owed.append((name, ttl_s))
            return await self._own.add(kind, name, ttl_s=ttl_s, expected=expected)
        await self._regain()
        if count is not None:
            await self._own.add(kind, name, ttl_s=ttl_s)
        return count

    async def take_back(self, kind: MarkKind, name: str) -> None:
        """Count one less."""
        await self._own.take_back(kind, name)
        try:
            await self._shared.take_back(kind, name)
        except ApiError as error:
            self._lose(error)

    def _lose(self, error: ApiError) -> None:
        if not self._away:
            _log.warning(
                "Wrong passwords and ended sessions are counted by this process alone: %s",
                error.detail,
            )
        self._away = True

    async def _regain(self) -> None:
        if not self._away:
            return
        self._away = False
        try:
            while self._owed:
                name, ttl_s = self._owed[0]
                await self._shared.add(MarkKind.SESSION, name, ttl_s=ttl_s)
                self._owed.popleft()
        except ApiError as error:
            self._lose(error)
            return
        _log.warning("Wrong passwords and ended sessions are counted by all processes again.")
