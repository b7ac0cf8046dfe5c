"""One child process as its parent holds it: started, asked, limited, ended."""

import fcntl
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.common.domain.errors import ItemError, ItemErrorCode, NoDecoderError
from services.imaging.child_pool.messages import (
    ClosedError,
    memory_file,
    receive_answer,
    send_request,
)

# -I keeps the environment and the working folder out of the import path: we say what is in it.
_BOOT = "import sys; sys.path[:] = sys.argv[2:];from {} import main; main(int(sys.argv[1]))"
PROGRAM = "services.imaging.child_program.serve"
_START_S = 60.0
# What a picture may take besides its pixels: its file three times, as TIFF is read, which may hold
# many pages behind a small first one; tables and the JPEG made of it.
_COPIES, _FIXED_BYTES = 3, 20_000_000
_SENTENCES = {
    ItemErrorCode.TIME_LIMIT: "The photo takes too long to decode; save it again and resend.",
    ItemErrorCode.OUT_OF_MEMORY: "The photo needs too much memory; send it smaller.",
    ItemErrorCode.CRASHED_WORKER: "The photo crashed its decoder; save it again and resend.",
    ItemErrorCode.INTERNAL: "The photo met an error that the service does not expect.",
}


@dataclass(frozen=True, slots=True)
class Budget:
    """What one picture may use: memory beyond the child's own, CPU and wall time.

    On a busy machine 30 s of CPU take longer, hence more seconds by the clock.
    """

    memory_bytes: int
    cpu_s: int = 30
    wall_s: float = 120.0

    @classmethod
    def of_photo(cls, pixels: int, *, bytes_each: int, file_bytes: int) -> "Budget":
        """Return the budget of a picture of so many pixels, in a file of so many bytes at most."""
        return cls(_FIXED_BYTES + _COPIES * file_bytes + bytes_each * pixels)


class Made:
    """What a child made: ``facts`` about it, and its bytes, to be taken once."""

    def __init__(self, facts: Mapping[str, Any], descriptor: int) -> None:
        self.facts = facts
        self._descriptor = descriptor

    def read(self) -> bytes:
        """Take the bytes as a copy."""
        with os.fdopen(self._descriptor, "rb") as file:
            file.seek(0)
            return file.read()

    def map(self, size: int) -> memoryview:
        """Take ``size`` bytes without a copy.

        Raises:
            ItemError: CRASHED_WORKER, the child made fewer.
        """
        try:
            # Sealed first: a child that cuts the file later would end us by a bus error.
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
            fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, seals)
            if os.fstat(self._descriptor).st_size < size:
                raise _error(ItemErrorCode.CRASHED_WORKER)
            return memoryview(mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ))
        except OSError:
            raise _error(ItemErrorCode.CRASHED_WORKER) from None
        finally:
            os.close(self._descriptor)


class Child:
    """A started and confined child. For one thread at a time."""

    def __init__(self, *, output_bytes: int, program: str = PROGRAM) -> None:
        """Start it and wait until it is ready, some half a second.

        Args:
            output_bytes: most bytes that it may write for one picture.
            program: the module whose ``main`` serves.

        Raises:
            NoDecoderError: it does not start.
        """
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            boot = _BOOT.format(program)
            # The empty part is the working folder, which is another one in the child.
            path = [part or str(Path.cwd()) for part in sys.path]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                [
                    sys.executable,
                    "-I",
                    "-B",
                    "-c",
                    boot,
                    str(theirs.fileno()),
                    *path,
                ],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # Ctrl-C is for the parent, which ends its children when it is done with them.
                start_new_session=True,
            )
        self.pictures = 0
        self._cpu_s = 0.0
        self._socket.settimeout(_START_S)
        try:
            self.hello = receive_answer(self._socket)
            self._own_bytes = int(self.hello["memory_bytes"])
            self._limit(resource.RLIMIT_FSIZE, output_bytes)
        except (ClosedError, TimeoutError, KeyError, ValueError, OSError):
            self.end()
            raise NoDecoderError(
                "No process for pictures can be started; try again shortly."
            ) from None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked again."""
        return self._process.poll() is None

    def run(
        self, task: Mapping[str, Any], photo: Iterable[bytes | memoryview], budget: Budget
    ) -> Made:
        """Have a task done on the parts of ``photo``, and return what the child made.

        Raises:
            ItemError: what the child found wrong with the photo; or TIME_LIMIT, OUT_OF_MEMORY or
                CRASHED_WORKER, and the child is dead.
        """
        target = memory_file("made")
        try:
            return Made(self._asked(task, photo, target, budget), target)
        except BaseException:
            os.close(target)
            raise

    def end(self) -> None:
        """End it at once: it holds nothing that would be lost."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _asked(
        self,
        task: Mapping[str, Any],
        photo: Iterable[bytes | memoryview],
        target: int,
        budget: Budget,
    ) -> Mapping[str, Any]:
        self.pictures += 1
        try:
            self._limit(resource.RLIMIT_AS, self._own_bytes + budget.memory_bytes)
            self._limit(resource.RLIMIT_CPU, round(self._cpu_s) + budget.cpu_s)
            self._socket.settimeout(budget.wall_s)
            send_request(self._socket, task, photo, target)
            answer = receive_answer(self._socket)
            self._cpu_s = float(answer["cpu_s"])
        except TimeoutError:
            self.end()
            raise _error(ItemErrorCode.TIME_LIMIT) from None
        except (ClosedError, KeyError, TypeError, ValueError, ProcessLookupError):
            raise self._dead() from None
        if "error" in answer:
            raise _told(answer)
        return answer

    def _dead(self) -> ItemError:
        """End what is left of it, and tell by its end what the photo did."""
        self._socket.close()
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = 0  # it lives and spoke nonsense
            self.end()
        if code == -signal.SIGXCPU:
            return _error(ItemErrorCode.TIME_LIMIT)
        # Nobody but the kernel, short of memory, kills a child of ours.
        killed = code == -signal.SIGKILL
        return _error(ItemErrorCode.OUT_OF_MEMORY if killed else ItemErrorCode.CRASHED_WORKER)

    def _limit(self, which: int, soft: int) -> None:
        """Set a soft limit from here: the child itself may change none."""
        _, hard = resource.prlimit(self.pid, which)
        resource.prlimit(self.pid, which, (soft, hard))


def _told(answer: Mapping[str, Any]) -> ItemError:
    try:
        code = ItemErrorCode(answer["error"])
        detail = str(answer["detail"])
    except (KeyError, ValueError):
        return _error(ItemErrorCode.INTERNAL)
    return ItemError(code, detail) if detail else _error(code)


def _error(code: ItemErrorCode) -> ItemError:
    return ItemError(code, _SENTENCES.get(code, _SENTENCES[ItemErrorCode.INTERNAL]))
