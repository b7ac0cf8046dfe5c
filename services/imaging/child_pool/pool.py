"""A few children, lent to whoever has a picture: by threads, one picture each at a time."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Self

from services.common.domain.errors import ItemError, NoDecoderError
from services.imaging.child_pool.process import PROGRAM, Budget, Child, Made

# What a library leaks, or a photo left behind unseen, ends with the child.
_PICTURES_EACH = 200
_WAIT_S = 60.0
_STOPPING = "The service is stopping; try again shortly."


class ChildPool:
    """Starts children when they are needed, replaces those that died or did their share."""

    def __init__(
        self,
        size: int,
        *,
        output_bytes: int,
        pictures_each: int = _PICTURES_EACH,
        program: str = PROGRAM,
    ) -> None:
        """Make a pool; no child is started yet.

        Args:
            size: most children at a time.
            output_bytes: most bytes that a child may write for one picture.
            pictures_each: how many pictures a child gets before it is replaced.
            program: of the children, see `Child`.
        """
        self._turns = threading.BoundedSemaphore(size)
        self._output_bytes = output_bytes
        self._pictures_each = pictures_each
        self._program = program
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._closed = False

    def run(
        self,
        task: Mapping[str, Any],
        photo: Iterable[bytes | memoryview],
        budget: Budget,
        *,
        wait_s: float = _WAIT_S,
    ) -> Made:
        """Have one task done, see `Child.run`; may be called by several threads.

        Args:
            task: what to do, as JSON can say it; ``do`` names it.
            photo: the parts of the encoded photo, asked for once it is this picture's turn.
            budget: what it may use.
            wait_s: longest wait for a free child.

        Raises:
            ItemError: the photo is at fault, or the child died of it.
            NoDecoderError: no child became free in time, none can be started, or the pool is
                closed.
        """
        if not self._turns.acquire(timeout=wait_s):
            raise NoDecoderError("Many pictures are being decoded; try again shortly.")
        try:
            child = self._taken()
            try:
                return child.run(task, photo, budget)
            except ItemError:
                # A child that was ended on purpose looks as if it had died of the photo.
                if self._closed:
                    raise NoDecoderError(_STOPPING) from None
                raise
            finally:
                self._put_back(child)
        finally:
            self._turns.release()

    def hello(self) -> Mapping[str, Any]:
        """Return what a child said of itself when it was ready: its confinement and formats.

        Raises:
            NoDecoderError: none can be started.
        """
        child = self._taken()
        self._put_back(child)
        return child.hello

    def close(self) -> None:
        """End every child at once; who waits for one gets `NoDecoderError`."""
        with self._lock:
            self._closed = True
            children = [*self._idle, *self._busy]
            self._idle.clear()
        for child in children:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _taken(self) -> Child:
        with self._lock:
            if self._closed:
                raise NoDecoderError(_STOPPING)
            # The one used last: its memory is warm, and the others stay small.
            child = self._idle.pop() if self._idle else None
            if child is not None:
                self._busy.add(child)
        if child is not None and child.alive:
            return child
        fresh = Child(output_bytes=self._output_bytes, program=self._program)
        with self._lock:
            if child is not None:
                self._busy.discard(child)
                child.end()
            self._busy.add(fresh)
        return fresh

    def _put_back(self, child: Child) -> None:
        with self._lock:
            self._busy.discard(child)
            if child.alive and child.pictures < self._pictures_each and not self._closed:
                self._idle.append(child)
                return
        child.end()
