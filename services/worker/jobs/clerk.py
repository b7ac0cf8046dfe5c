"""The paperwork of a task, done in a thread of its own while the next photos are analysed.

A settlement waits for a commit to reach the disk and a claim for a lock: 20 ms in each second of
work on a quiet machine, in which a child that did them itself would leave its core idle.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Clerk:
    """Does one piece of work at a time, in the order asked. Leaving waits for all of it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="clerk")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Have ``work`` done after all that was begun before; its log lines carry our task."""
        return self._pool.submit(copy_context().run, work)

    def do(self, work: Callable[[], T]) -> T:
        """Have ``work`` done, and wait for it."""
        return self.begin(work).result()
