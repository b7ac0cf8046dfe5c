"""Many small transfers side by side, of a list too long for memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Ahead of the threads, so that none of them waits for the list to be read on.
_AHEAD = 4


def each(work: Callable[[T], R], things: Iterable[T], *, threads: int) -> Iterator[R]:
    """Yield what ``work`` returns for each thing, in the order that they are done.

    The first exception ends it: what has begun is finished, nothing more is begun.
    """
    remaining = iter(things)
    with ThreadPoolExecutor(threads) as pool:
        pending: set[Future[R]] = set()
        while True:
            room = threads * _AHEAD - len(pending)
            pending |= {pool.submit(work, thing) for thing in islice(remaining, room)}
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            try:
                for future in done:
                    yield future.result()
            except BaseException:
                for future in pending:
                    future.cancel()
                raise
