"""Processes that load once and then answer one call at a time, each on its share of the work.

torch and tensorflow do not live in one process, and one process per core is how a worker runs.
Only one crew works at a time: the others wait in ``recv`` and cost nothing.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

# Loading TensorFlow on a busy machine, or a round of all photos on one slow core.
_TIMEOUT_S = 900.0


class Crew:
    """Processes of one kind, each with an object of its own built by ``build(*arguments)``."""

    def __init__(self, build: Callable[..., Any], arguments: Sequence[Any], *, size: int) -> None:
        """Start them one after the other, so that their loading does not compete."""
        context = multiprocessing.get_context("spawn")
        self._members: list[tuple[Any, Connection]] = []
        for _ in range(size):
            ours, theirs = context.Pipe()
            child = context.Process(target=_serve, args=(theirs, build, arguments), daemon=True)
            child.start()
            theirs.close()
            self._members.append((child, ours))
            self._receive(len(self._members) - 1)

    def call(self, method: str, *arguments: Any, members: int | None = None) -> list[Any]:
        """Call a method with ``(number, of, *arguments)`` in the first ``members``, side by side.

        Raises:
            RuntimeError: if a process failed; its traceback is on stderr.
        """
        size = len(self._members) if members is None else members
        for number in range(size):
            self._members[number][1].send((method, (number, size, *arguments)))
        return [self._receive(number) for number in range(size)]

    def timed(
        self, method: str, *arguments: Any, members: int | None = None
    ) -> tuple[float, list[Any]]:
        """Return the seconds until the last one had answered, and the answers."""
        started = time.perf_counter()
        answers = self.call(method, *arguments, members=members)
        return time.perf_counter() - started, answers

    def rss_mb(self) -> list[float]:
        """Resident memory of each process, now."""
        return [
            round(psutil.Process(child.pid).memory_info().rss / 1e6) for child, _ in self._members
        ]

    def peak_mb(self) -> list[float]:
        """Largest resident memory that each process ever had."""
        return [_peak_mb(child.pid) for child, _ in self._members]

    def stop(self) -> None:
        """End the processes and wait for them."""
        for _, pipe in self._members:
            pipe.close()
        for child, _ in self._members:
            child.join(10)
            if child.is_alive():
                child.terminate()

    def _receive(self, number: int) -> Any:
        pipe = self._members[number][1]
        try:
            if pipe.poll(_TIMEOUT_S):
                return pipe.recv()
        except EOFError as error:
            raise RuntimeError("a process failed; its traceback is above") from error
        raise RuntimeError(f"a process gave no answer in {_TIMEOUT_S:.0f} s")


@contextmanager
def hired(build: Callable[..., Any], *arguments: Any, size: int) -> Iterator[Crew]:
    """Lend a crew and end it, whatever happens."""
    crew = Crew(build, arguments, size=size)
    try:
        yield crew
    finally:
        crew.stop()


def share(items: Sequence[Any], number: int, of: int) -> Sequence[Any]:
    """Return one of ``of`` shares, dealt to and fro: even where items grow from first to last."""
    dealt = [items[start : start + of] for start in range(0, len(items), of)]
    turns = [hand if turn % 2 == 0 else [*hand][::-1] for turn, hand in enumerate(dealt)]
    return [hand[number] for hand in turns if number < len(hand)]


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) * 1024 / 1e6)


def _serve(pipe: Connection, build: Callable[..., Any], arguments: Sequence[Any]) -> None:
    worker = build(*arguments)
    pipe.send(None)
    while True:
        try:
            method, call = pipe.recv()
        except EOFError:  # the parent has no more work
            return
        pipe.send(getattr(worker, method)(*call))
