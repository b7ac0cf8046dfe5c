"""Downloads last as long as their readers are slow: each goes on only while its key is live.

And one of a tenant at a time: 48 downloads of one took all threads of a process, and another's poll
365 ms in place of 22.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from services.api.dependencies import check_live
from services.api.errors import ApiError
from services.api.state import ApiState
from services.api.ticket_lock import TicketLock
from services.common.db.session import unit_of_work
from services.common.keys.service import Principal

# A revoked key is let read on for this long; every piece would cost a query.
LOOK_EVERY_S = 1.0
# Pieces made on a ticket. With one each, downloads that begin together end together, and their
# readers are back all at once: a poll beside 48 took 374 ms then, one of twenty.
PIECES_A_TICKET = 16
# A picture that waits to be drawn, for minutes where many do, is waited for without the lock.
LONGEST_HOLD_S = 1.0


class StreamCutError(RuntimeError):
    """The job was erased, or its reader's key revoked, while results were read.

    The connection breaks, as it must.
    """


async def while_live(
    state: ApiState,
    caller: Principal,
    body: Iterator[bytes] | AsyncIterator[bytes],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[bytes]:
    """Yield the pieces of ``body`` as long as the caller's key would be let in.

    Pieces of one tenant are made one after another; while a reader takes one, another may be made.

    Raises:
        StreamCutError: it was revoked, has expired or was rolled: the connection breaks.
    """
    pieces = body if isinstance(body, AsyncIterator) else iterate_in_threadpool(body)
    lock = state.download_locks.of(caller.tenant)
    looked_at = clock()
    for made in count():
        if made % PIECES_A_TICKET == 0:
            ticket = lock.draw()
        piece = await _made(lock, ticket, pieces)
        if piece is None:
            return
        if clock() - looked_at >= LOOK_EVERY_S:
            await run_in_threadpool(_look, state, caller)
            looked_at = clock()
        yield piece


async def _made(lock: TicketLock, ticket: int, pieces: AsyncIterator[bytes]) -> bytes | None:
    """Have the next piece made under the lock; None when there is none."""
    async with lock.hold(ticket):
        making = asyncio.ensure_future(_next(pieces))
        try:
            await asyncio.wait([making], timeout=LONGEST_HOLD_S)
        except asyncio.CancelledError:
            making.cancel()
            raise
    return await making


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _look(state: ApiState, caller: Principal) -> None:
    try:
        with unit_of_work(state.sessions) as session:
            check_live(session, caller)
    except ApiError as error:
        raise StreamCutError(error.detail) from None
