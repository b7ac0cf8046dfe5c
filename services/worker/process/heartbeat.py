"""The heartbeat of a worker child, from a thread of its own: it waits for Postgres alone."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.queues import Device
from services.common.processes.repositories import WorkerIdentity, WorkerRepository
from services.common.pulse import BEAT_S, Pulse
from services.common.telemetry import get_logger

_log = get_logger(__name__)


class Heartbeat:
    """Keeps this child's row fresh and counts the live workers. Its first beat makes it ready."""

    def __init__(
        self,
        sessions: SessionFactory,
        worker: WorkerIdentity,
        *,
        report: Callable[[], dict[str, Any]],
        model_version: Callable[[], str],
        pulse: Pulse | None = None,
        every_s: float = BEAT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._worker = worker
        self._report = report
        self._model_version = model_version
        self._pulse = pulse or Pulse(None)
        self._every_s = every_s
        self._clock = clock
        self._claimed_at: float | None = None
        self._live: dict[Device, int] = {}
        self._stopped = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and take the row away."""
        self._stopped = True
        self._wake.set()
        self._thread.join(self._every_s)
        self._try(lambda repository: repository.remove(self._worker.id))

    def wake(self) -> None:
        """Beat again at once: what it reports has changed."""
        self._wake.set()

    def claimed(self) -> None:
        """Note that a chunk was claimed just now."""
        self._claimed_at = self._clock()

    def workers(self) -> int:
        """How many children share the work, as of the last beat; at least this one."""
        return max(1, sum(self._live.values()))

    def beat(self) -> None:
        """Beat once; a database that is away is no reason to stop."""
        self._pulse.beat()
        self._try(self._beat)

    def _beat(self, repository: WorkerRepository) -> None:
        at = self._claimed_at
        age_s = None if at is None else self._clock() - at
        worker = replace(self._worker, model_version=self._model_version())
        repository.beat(worker, claim_age_s=age_s, current=self._report())
        self._live = repository.live()

    def _run(self) -> None:
        while not self._stopped:
            self.beat()
            self._wake.wait(self._every_s)
            self._wake.clear()

    def _try(self, step: Callable[[WorkerRepository], None]) -> None:
        try:
            with unit_of_work(self._sessions) as session:
                step(WorkerRepository(session))
        except SQLAlchemyError as error:
            _log.warning("heartbeat.missed", error=type(error).__name__)
