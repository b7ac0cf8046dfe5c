"""Children of the launcher: started, read, watched and stopped.

Each child leads a session of its own, so that Ctrl-C reaches the launcher alone, and asks the
kernel for a signal when the launcher dies, so that even ``kill -9`` of it leaves no orphan.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.console import Console
from infra.local.errors import ChildDiedError, NotReadyError

# How long to wait before asking again: at least this, and a tenth of the time waited so far,
# so that a start is seen at most a tenth late and a slow one is not asked hundreds of times.
POLL_S = 0.05
POLL_SHARE = 0.1
STOP_S = 15.0
TAIL_LINES = 15


def _always() -> bool:
    return True


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How to start, judge and stop one child.

    Attributes:
        name: shown in front of its lines; its log file is ``<name>.log``.
        argv: program and arguments; never a secret, the process list shows them.
        env: added to the launcher's own environment.
        cwd: working folder; the launcher's when None.
        prepare: called before each start, for folders, files and what a crash left behind.
        ready: True as soon as the child serves; asked again and again.
        ready_s: how long it may take.
        stop_signal: asks for an orderly end.
        death_signal: what the kernel sends when the launcher dies; ``stop_signal`` when None.
        wrapper: command put in front, for example to leave root.
        loud: whether its lines go to the console too, not only to its file.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    prepare: Callable[[], None] = _nothing
    ready: Callable[[], bool] = _always
    ready_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals | None = None
    wrapper: Sequence[str] = ()
    loud: bool = True

    def command(self) -> list[str]:
        """Return the full command; the death signal comes last, leaving root clears it."""
        guard: list[str] = []
        if setpriv := shutil.which("setpriv"):
            death = (self.death_signal or self.stop_signal).name.removeprefix("SIG")
            guard = [setpriv, "--pdeathsig", death, "--"]
        return [*self.wrapper, *guard, *self.argv]


class Child:
    """A running `Program`. Start it from the main thread: the death signal is tied to it."""

    def __init__(
        self, program: Program, *, logs: Path, console: Console, keep_fds: Sequence[int] = ()
    ) -> None:
        self.program = program
        self.log_file = logs / f"{program.name}.log"
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._console = console
        self._gone = False
        self._process = subprocess.Popen(
            program.command(),
            cwd=program.cwd,
            env={**os.environ, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep_fds,
        )
        self._reader = threading.Thread(target=self._read, name=program.name, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id; wrappers exec, so it is the program's own."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Return code, negative for a signal, None while it runs."""
        return self._process.poll()

    def death(self) -> ChildDiedError:
        """Describe how it ended."""
        self._reader.join(timeout=1)
        return ChildDiedError(self.program.name, self._process.wait(), "\n".join(self._tail))

    @property
    def ready(self) -> bool:
        """Whether it serves; cheap questions only, it is asked several times a second."""
        return self.program.ready()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the child itself, nothing when it is gone."""
        self._process.send_signal(number)

    def stop(self, *, timeout: float = STOP_S) -> None:
        """Ask it to end, kill what is left of its process group after ``timeout`` seconds."""
        self.send(self.program.stop_signal)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._console.say(f"{self.program.name} ignored the stop signal for {timeout:.0f} s")
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill its whole process group at once; nothing the second time."""
        if self._gone:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(timeout=1)
        self._gone = True

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream, self.log_file.open("ab", buffering=0) as log:
            for line in stream:
                log.write(line)
                text = line.decode(errors="replace").rstrip()
                self._tail.append(text)
                if self.program.loud:
                    self._console.relay(self.program.name, text)


class Supervisor:
    """A set of children: started in order, watched together, stopped in reverse order."""

    def __init__(self, *, logs: Path, console: Console, keep_fds: Sequence[int] = ()) -> None:
        self.children: dict[str, Child] = {}
        self._programs: dict[str, Program] = {}
        self._logs = logs
        self._console = console
        self._keep_fds = tuple(keep_fds)

    def start(self, *programs: Program) -> None:
        """Start programs side by side and wait until all are ready.

        Raises:
            ChildDiedError: one of them ended instead.
            NotReadyError: one of them took longer than its ``ready_s``.
        """
        for program in programs:
            program.prepare()
            self._programs[program.name] = program
            self.children[program.name] = Child(
                program, logs=self._logs, console=self._console, keep_fds=self._keep_fds
            )
        self._wait_ready([self.children[program.name] for program in programs])

    def restart(self, name: str) -> Child:
        """Start a child again, whether it runs or was killed, and wait until it is ready."""
        self.stop(name)
        self.start(self._programs[name])
        return self.children[name]

    def dead(self) -> Child | None:
        """Return a child that ended by itself, None while all run."""
        return _first_dead(self.children.values())

    def stop(self, *names: str) -> None:
        """Stop the named children, all when none is named, the youngest first.

        A second Ctrl-C meanwhile kills the rest.
        """
        ending = [name for name in reversed(self.children) if not names or name in names]
        try:
            for name in ending:
                self.children[name].stop()
        finally:
            for name in ending:
                self.children.pop(name).kill()

    def _wait_ready(self, children: list[Child]) -> None:
        pending = children
        started = time.monotonic()
        while pending := [child for child in pending if not child.ready]:
            if dead := _first_dead(children):
                raise dead.death()
            waited = time.monotonic() - started
            for child in pending:
                if waited > child.program.ready_s:
                    raise NotReadyError(
                        f"{child.program.name} was not ready after {waited:.0f} s;"
                        f" see {child.log_file}"
                    )
            time.sleep(max(POLL_S, waited * POLL_SHARE))


def _first_dead(children: Iterable[Child]) -> Child | None:
    return next((child for child in children if child.returncode is not None), None)
