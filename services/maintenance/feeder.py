"""The relay from the item table to the broker: tops queues up to a small window of hints.

Redis never holds more than the window, even for 100,000 photos: a FLUSHALL heals within one
tick, cancel and priorities act at once, memory stays bounded.
"""

from collections import deque
from collections.abc import Mapping
from math import ceil

from services.common.broker.notifier import QueueNotifier
from services.common.config import QueueSettings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.queues import Device, Lane
from services.common.jobs.queue.repositories.sweeps import SweepRepository, WaitingJob
from services.common.processes.repositories import WorkerRepository

HINTS_PER_WORKER = 2
# Enough jobs for every hint of a tick to be another one's.
JOBS_PER_HINT = 2


class Feeder:
    """One step looks for ready photos and sends hints for them, job after job, round and round."""

    def __init__(
        self, sessions: SessionFactory, hints: QueueNotifier, *, settings: QueueSettings
    ) -> None:
        self._sessions = sessions
        self._hints = hints
        self._settings = settings

    def step(self) -> bool:
        """Top up every queue; never asks to be run again at once."""
        with unit_of_work(self._sessions) as session:
            processes = WorkerRepository(session)
            workers, detectors = processes.live(), processes.detectors()
            window = self._window(workers)
            jobs = SweepRepository(session).waiting_jobs(
                cap=window * self._settings.chunk_min,
                limit=window * JOBS_PER_HINT,
                detectors=detectors,
            )
        for device in devices(workers):
            for lane in Lane:
                self._fill(device, lane, [job for job in jobs if job.lane is lane], window=window)
        return False

    def _window(self, workers: Mapping[Device, int]) -> int:
        slots = max(workers.values(), default=0)
        return max(self._settings.window, HINTS_PER_WORKER * slots)

    def _fill(self, device: Device, lane: Lane, jobs: list[WaitingJob], *, window: int) -> None:
        for job_id in round_robin(jobs, photos_per_hint=self._settings.chunk_min):
            if not self._hints.notify(job_id, lane, device=device, window=window):
                return


def devices(workers: Mapping[Device, int]) -> list[Device]:
    """Which kinds of worker to notify: those that live; CPU's queue when none does."""
    return [device for device in Device if workers.get(device)] or [Device.CPU]


def round_robin(jobs: list[WaitingJob], *, photos_per_hint: int) -> list[int]:
    """Job ids in the order to notify: one hint each, then a second each, as their photos need."""
    turns = deque((job.job_id, ceil(job.ready / photos_per_hint)) for job in jobs)
    order = []
    while turns:
        job_id, hints = turns.popleft()
        order.append(job_id)
        if hints > 1:
            turns.append((job_id, hints - 1))
    return order
