"""The Celery task: thin. It finds its process' runtime and serves the hint."""

import uuid
from typing import Any

from celery import Task as CeleryTask
from celery import shared_task
from structlog.contextvars import bound_contextvars

from services.common.broker.notifier import MESSAGE_VERSION
from services.common.domain.queues import Task
from services.common.telemetry import correlated, get_logger
from services.worker.runtime import WorkerRuntime

_log = get_logger(__name__)


class RuntimeTask(CeleryTask):  # type: ignore[misc]  # celery ships no types
    """A task with the runtime of its process, set once in each child."""

    abstract = True
    runtime: WorkerRuntime | None = None


@shared_task(bind=True, base=RuntimeTask, name=Task.ANALYSE.value)  # type: ignore[untyped-decorator]  # celery ships no types
def analyse(self: Any, _job_id: int, v: int = MESSAGE_VERSION) -> None:
    """Work as long as the loop budget lasts, on what has its turn: any hint serves any job."""
    if v > MESSAGE_VERSION:
        # A newer sender: the job stays ready and a newer worker or the feeder comes back to it.
        _log.warning("hint.too_new", version=v)
        return
    task = str(self.request.id)
    with correlated(task), bound_contextvars(task=task):
        self.runtime.analyse(task=uuid.UUID(task))
