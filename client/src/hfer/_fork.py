"""What a forked child must leave alone: the connections of its parent.

Two processes that read one connection take each other's answers. Closing it in the child is no
way out: over TLS that would show the service that the parent has gone.
"""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

import httpx

from hfer.errors import ForkedTransportError

Held = TypeVar("Held")

# How many forks lie between this process and the one that imported us. Unlike a pid it is
# never used twice in a line of processes.
_forks = 0
# What the parent was reading: were it finalised in the child, it would close the connection.
_left_alone: list[object] = []


def _count_fork() -> None:
    global _forks  # noqa: PLW0603 - it is about the process
    _forks += 1


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_count_fork)


class PerProcess(Generic[Held]):
    """One httpx client for each process: made at once in the first, in a child when it asks.

    Safe between threads. A child keeps its parent's as it is, neither used nor closed.

    Args:
        make: makes one.
        transport: of the caller's own, if any; its connections cannot be made anew.
    """

    def __init__(self, make: Callable[[], Held], *, transport: object) -> None:
        self._make = make
        self._remade = transport is None or isinstance(transport, httpx.MockTransport)
        self._values = {_forks: make()}

    def get(self) -> Held:
        """Return the one of this process.

        Raises:
            ForkedTransportError: this is a child, and the transport is the caller's own.
        """
        value = self._values.get(_forks)
        if value is not None:
            return value
        if not self._remade:
            raise ForkedTransportError(
                "This client was made with an http_transport and then forked; "
                "the connections belong to the parent. Make a client in each process."
            )
        # Of two threads that both make one, the first wins; no lock, which a fork could find
        # held by a thread that the child does not have.
        return self._values.setdefault(_forks, self._make())

    def made(self) -> Held | None:
        """Return the one of this process, if it has asked for it."""
        return self._values.get(_forks)


class Reading:
    """An answer that this process is reading, block by block."""

    def __init__(self, blocks: object) -> None:
        self._blocks = blocks
        self._forks = _forks

    def check(self) -> None:
        """Stop a child that reads on where its parent was.

        Raises:
            httpx.ReadError: this is a child; what was read so far can be asked for again.
        """
        if not self.ours():
            raise httpx.ReadError("the process was forked while the answer was read")

    def ours(self) -> bool:
        """Return whether this process may close the answer; if not, it is kept as it is."""
        if self._forks == _forks:
            return True
        _left_alone.append(self._blocks)
        return False
