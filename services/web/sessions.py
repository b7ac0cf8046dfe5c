"""Sessions of visitors: a signed cookie, and a list of those that were ended.

The cookie alone says who is logged in, so that a session costs nothing to keep. A logout puts its
id on a list that all processes of the page share: copies of the cookie end with it.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

from services.web.marks import MarkKind, Marks

ROLE = "role"
# Unused for so long, a cookie is over; used or not, a week after the login. An ended session stays
# on the list for as long as a copy of its cookie could be renewed.
UNUSED_S = 12 * 3600
LONGEST_S = 7 * 86_400
# For so long a process takes a session for live without asking: a gallery asks 50 times a second.
KNOWN_S = 2.0
_MOST_KNOWN = 10_000
_ID, _BEGUN = "id", "begun"

Session = MutableMapping[str, Any]


class Sessions:
    """Begins, checks and ends sessions.

    Args:
        marks: where the ended ones are listed.
        clock: seconds, monotonic.
        wall_clock: Unix seconds.
    """

    def __init__(
        self,
        marks: Marks,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._marks = marks
        self._clock = clock
        self._wall_clock = wall_clock
        self._live_until: OrderedDict[str, float] = OrderedDict()

    def begin(self, session: Session, role: str) -> None:
        """Make ``session`` that of a visitor who just logged in."""
        session.clear()
        session.update({ROLE: role, _ID: secrets.token_hex(16), _BEGUN: int(self._wall_clock())})

    async def role(self, session: Session) -> str | None:
        """Return the role of a session; None of one that never began, is over or was ended."""
        role, name, begun = (session.get(key) for key in (ROLE, _ID, _BEGUN))
        if not (isinstance(role, str) and isinstance(name, str) and isinstance(begun, int)):
            return None
        if self._wall_clock() - begun > LONGEST_S or not await self._is_live(name):
            return None
        return role

    async def end(self, session: Session) -> None:
        """End a session, and every copy of its cookie."""
        name = session.get(_ID)
        session.clear()
        if isinstance(name, str):
            self._live_until.pop(name, None)
            await self._marks.add(MarkKind.SESSION, name, ttl_s=LONGEST_S)

    async def _is_live(self, name: str) -> bool:
        if self._live_until.get(name, 0.0) > self._clock():
            return True
        (ended,) = await self._marks.read(MarkKind.SESSION, [name])
        if ended.count:
            return False
        self._live_until[name] = self._clock() + KNOWN_S
        self._live_until.move_to_end(name)
        while len(self._live_until) > _MOST_KNOWN:
            self._live_until.popitem(last=False)
        return True
