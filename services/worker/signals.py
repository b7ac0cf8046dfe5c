"""What Celery's signals do here: load, drain, close, and end the leases of a crashed child.

Imported through the application's ``include`` in the main process and, where children are
spawned, in each child again; receivers are attached by that import.
"""

import os
import signal
import uuid
from typing import Any

from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import current_app, signals
from sqlalchemy.exc import SQLAlchemyError

from services.common.config import Settings
from services.common.db.session import build_engine, build_session_factory, unit_of_work
from services.common.domain.errors import ItemErrorCode
from services.common.domain.queues import Task
from services.common.jobs.queue.repositories.leases import LeaseRepository
from services.common.telemetry import configure_logging, get_logger, open_metrics
from services.common.telemetry.metrics import MetricsPortError
from services.worker.process.multiprocess_metrics import (
    children_registry,
    remove_shared,
    shared_folder,
)
from services.worker.process.shutdown import DrainFlag, ForcedExit, ignore_group_signals
from services.worker.runtime import WorkerRuntime

EX_NO_MODEL = 78

_log = get_logger(__name__)


def set_up_logging(**_facts: Any) -> None:
    """Use our format in place of Celery's; its having a receiver keeps Celery's handlers away."""
    configure_logging(Settings().telemetry, service="worker")


def prepare_main(**_facts: Any) -> None:
    """Choose the drain flag before any child starts."""
    DrainFlag.new().share()


def load_child(**_facts: Any) -> None:
    """Load the models in a child; one that cannot kills the whole worker, after a log line.

    Celery would log the exception and send tasks to a child without a model.
    """
    ignore_group_signals()
    try:
        runtime = WorkerRuntime.build(Settings(), draining=DrainFlag.inherited())
    except Exception:  # noqa: BLE001 - whatever it is, this worker is of no use
        _log.critical("worker.no_model", exc_info=True)
        # By SIGKILL: Celery's cold shutdown would exit with 0, as if all were well (measured).
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(EX_NO_MODEL)
    current_app.tasks[Task.ANALYSE.value].runtime = runtime


def close_child(**_facts: Any) -> None:
    """Close when a child ends in order: a drain, or a recycling."""
    runtime = current_app.tasks[Task.ANALYSE.value].runtime
    if runtime is not None:
        runtime.close()


def drain(**_facts: Any) -> None:
    """Raise the drain flag, in the main process, as soon as the signal arrives."""
    DrainFlag.inherited().raise_()
    ForcedExit(Settings().queue.soft_shutdown_s).arm()


def show_metrics(**_facts: Any) -> None:
    """Show the children's metrics, once they are started: a fork beside a thread is avoided."""
    settings = Settings()
    if settings.telemetry.metrics_port is None:
        return
    folder = shared_folder()
    if folder is None:
        _log.warning("metrics.off", detail="start the worker with: python -m services.worker")
        return
    try:
        open_metrics(settings.telemetry, children_registry(settings, folder))
    except MetricsPortError as error:
        # A worker that works unseen is better than none: the alert on the target reports it.
        _log.error("metrics.off", code=error.code, detail=error.detail)


def clean_up(**_facts: Any) -> None:
    """Remove flag and metrics at an orderly end."""
    DrainFlag.inherited().lower()
    remove_shared()


def expire_leases(task_id: str = "", exception: Exception | None = None, **_facts: Any) -> None:
    """End the leases of a child that crashed or hung: recovery in seconds, not in a lease.

    Fires in the main process, which knows the task but holds no database connection: one is
    made for this and dropped, so that no child ever inherits it.
    """
    if isinstance(exception, TimeLimitExceeded):
        reason = ItemErrorCode.TIME_LIMIT
    elif isinstance(exception, WorkerLostError):
        reason = ItemErrorCode.CRASHED_WORKER
    else:
        return
    engine = build_engine(Settings().database)
    try:
        with unit_of_work(build_session_factory(engine)) as session:
            items = LeaseRepository(session).expire_task(uuid.UUID(task_id), reason=reason)
        _log.warning("child.lost", task=task_id, reason=reason.value, items=items)
    except SQLAlchemyError as error:
        _log.warning("child.lost", task=task_id, reason=reason.value, error=type(error).__name__)
    finally:
        engine.dispose()


signals.setup_logging.connect(set_up_logging)
signals.worker_init.connect(prepare_main)
signals.worker_process_init.connect(load_child)
signals.worker_process_shutdown.connect(close_child)
signals.worker_shutting_down.connect(drain)
signals.worker_ready.connect(show_metrics)
signals.worker_shutdown.connect(clean_up)
signals.task_failure.connect(expire_leases)
