"""Names of queues and tasks, so that a sender imports no worker code."""

from enum import StrEnum


class Queue(StrEnum):
    """Direct queues only: they publish by the anonymous exchange and survive FLUSHALL."""

    CPU_INTERACTIVE = "cpu.interactive"
    CPU_BATCH = "cpu.batch"
    GPU_INTERACTIVE = "gpu.interactive"
    GPU_BATCH = "gpu.batch"


class Device(StrEnum):
    """Kind of worker that a queue is meant for; also what ``worker.kind`` holds."""

    CPU = "cpu"
    GPU = "gpu"


class Lane(StrEnum):
    """What ``item.queue`` holds: which kind of queue pair serves the photo."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class Task(StrEnum):
    """Celery task names."""

    ANALYSE = "hfer.analyse"


def queue_of(device: Device, lane: Lane) -> Queue:
    """Return the queue of a lane on a kind of worker."""
    return Queue(f"{device}.{lane}")
