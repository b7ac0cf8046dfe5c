"""A trial in a process of its own.

TensorFlow keeps what a graph took for as long as its process lives, and an out-of-memory kill
takes the whole process: here that ends one candidate, and the others continue. On a CPU all are
forked from one process that has imported TensorFlow, which takes some 7 s of CPU, and has not
started it. A GPU's driver bears no fork once anything has asked it for its devices: there each
process imports for itself, little beside minutes of training.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any

from services.common.domain.errors import HferError
from services.trainer.sweep.outcome import Outcome, Status, Stopped
from services.trainer.sweep.plan import Trial
from services.trainer.training.host import installed_gpus
from services.trainer.training.ports import Reporter
from services.trainer.training.runtime import set_environment

CONSOLE = "console.log"
# They import TensorFlow, and run no operation of it: its threads would not come along in a fork.
_PRELOADED = [
    "services.trainer.sweep.trial",
    *(f"services.trainer.training.{name}" for name in ("state", "averaged", "tensorboard")),
]
_ASK_SECONDS = 0.2

Work = Callable[..., Outcome | Stopped]


def run_in_process(
    trial: Trial,
    *,
    max_seconds: float,
    reporter: Reporter,
    interrupted: Callable[[], bool],
    work: Work | None = None,
) -> Outcome | Stopped:
    """Run ``trial.train_and_evaluate`` in a fresh process; its output goes to ``console.log``.

    Args:
        trial: which run, and how far.
        max_seconds: from now, the process' start included.
        reporter: of the training's progress.
        interrupted: asked a few times a second; the process then saves and ends.
        work: what to run in its place, importable by name.
    """
    context = get_context("spawn") if work else trial_context()
    ours, theirs = context.Pipe()
    # Linux counts from the machine's start, the same in every process.
    deadline = time.monotonic() + max_seconds
    process = context.Process(target=_work, args=(theirs, trial, deadline, work), daemon=True)
    process.start()
    theirs.close()
    try:
        result = _listen(ours, reporter=reporter, interrupted=interrupted)
        process.join()
    except BaseException:
        process.kill()  # a second Ctrl-C; its checkpoints are whole whenever it comes
        process.join()
        raise
    finally:
        ours.close()
    if result is not None:
        return result
    if interrupted():
        return Stopped(reason="interrupted")
    return _failed(trial, f"{_ending(process.exitcode)}; see {trial.folder / CONSOLE}")


def trial_context() -> ForkServerContext | SpawnContext:
    """Return how processes that train are started on this machine."""
    if installed_gpus():
        return get_context("spawn")
    context = get_context("forkserver")
    set_environment()  # its environment is copied from this process
    context.set_forkserver_preload(_PRELOADED)
    return context


@dataclass(frozen=True, slots=True)
class _Told:
    """A call of the reporter, on its way from the trial's process."""

    method: str
    figures: dict[str, Any]


def _listen(
    connection: "Connection[Any, Any]", *, reporter: Reporter, interrupted: Callable[[], bool]
) -> Outcome | Stopped | None:
    """Pass on what the process reports until it ends; None if it ended without a result."""
    result, stop_sent = None, False
    while True:
        try:
            if interrupted() and not stop_sent:
                connection.send("stop")
                stop_sent = True
            if not connection.poll(_ASK_SECONDS):
                continue
            message = connection.recv()
        except (EOFError, ConnectionError):
            return result
        if isinstance(message, _Told):
            getattr(reporter, message.method)(**message.figures)
        else:
            result = message


def _work(
    connection: "Connection[Any, Any]", trial: Trial, deadline: float, work: Work | None
) -> None:
    """Be the trial's process."""
    # A terminal sends Ctrl-C to the whole group; the parent alone decides what it means.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _write_to_console(trial)
    try:
        # Anything to read means stop: the word, or the end of a parent that was killed.
        result = (work or _training())(
            trial,
            max_seconds=deadline - time.monotonic(),
            reporter=_Relay(connection),
            interrupted=connection.poll,
        )
    except HferError as error:
        result = _failed(trial, error.detail)
    connection.send(result)


def _training() -> Work:
    from services.trainer.sweep.trial import train_and_evaluate  # TensorFlow

    return train_and_evaluate


class _Relay:
    """A ``ports.Reporter`` at the other end of the pipe."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection

    def began(self, *, step: int, total: int) -> None:
        self._connection.send(_Told("began", {"step": step, "total": total}))

    def stepped(self, *, step: int, loss: float, images_per_second: float) -> None:
        figures = {"step": step, "loss": loss, "images_per_second": images_per_second}
        self._connection.send(_Told("stepped", figures))

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        figures = {"epoch": epoch, "loss": loss, "accuracy": accuracy}
        self._connection.send(_Told("finished_epoch", figures))


def _write_to_console(trial: Trial) -> None:
    """Send both streams, C++'s lines as well, to the run's ``console.log``."""
    trial.folder.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    file = os.open(trial.folder / CONSOLE, flags, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _ending(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed, most likely for want of memory"
    if code is not None and code < 0:
        return f"its process crashed ({signal.Signals(-code).name})"
    return f"its process ended with code {code}"


def _failed(trial: Trial, detail: str) -> Outcome:
    return Outcome(
        candidate=trial.candidate.key,
        seed=trial.seed,
        rung=trial.rung,
        status=Status.FAILED,
        detail=detail,
    )
