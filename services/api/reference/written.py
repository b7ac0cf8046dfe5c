"""What a deployment says of itself: made on the first request, the same for all that follow."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

_T = TypeVar("_T")


class Written(Generic[_T]):
    """A value that one thread makes once, while everybody who asked for it waits together.

    Two clients that asked for `/openapi.json` in a loop, which was put into JSON for each of them
    in the event loop, made another's GET take 3 s in place of 44 ms.
    """

    def __init__(self, write: Callable[[], _T]) -> None:
        self._write = write
        self._task: asyncio.Task[_T] | None = None

    async def __call__(self) -> _T:
        """Return the value; a client that goes away takes it from nobody."""
        if self._task is None:
            self._task = asyncio.create_task(run_in_threadpool(self._write))
        return await asyncio.shield(self._task)
