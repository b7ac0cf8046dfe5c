"""What a worker child owns: models, connections, heartbeat. Built once, after the fork."""

import os
import signal
import socket
import uuid
from typing import Any, Self

import psutil
from sqlalchemy import Engine

from services.common.broker.notifier import QueueNotifier, build_notifier
from services.common.config import Settings
from services.common.db.retrying import RetryingDatabase
from services.common.db.session import (
    SessionFactory,
    build_engine,
    build_session_factory,
    unit_of_work,
)
from services.common.domain.bundles import MANIFEST_NAME
from services.common.loops import Loop
from services.common.processes.repositories import WorkerIdentity, WorkerRepository
from services.common.pulse import BEAT_S, Pulse
from services.common.registry.bundles import read_identity, register_bundle
from services.common.storage import ObjectStorage, build_storage
from services.common.telemetry import Metrics, build_tracing, get_logger
from services.imaging.open_formats import open_formats
from services.worker.jobs.batch_sizer import BatchSizer
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.job_loop import JobLoop
from services.worker.models.analyser import PhotoAnalyser, load_analyser
from services.worker.models.follower import ModelFollower
from services.worker.models.job_models import JobModels, model_bytes
from services.worker.models.manager import ModelManager, describe
from services.worker.models.published import PublishedModels, Shipped
from services.worker.photos.annotated import AnnotatedPhotoWriter
from services.worker.photos.fetcher import TIMEOUT_SHARE, PhotoFetcher
from services.worker.photos.tiles import TileWriter
from services.worker.process.devices import device_of, queues_of
from services.worker.process.heartbeat import Heartbeat
from services.worker.process.shutdown import DrainFlag
from services.worker.process.watchdog import TIMEOUT_S, Watchdog

# A look under way at the end of the process is not waited for any longer.
WATCHDOG_STOP_S = 2.0

_log = get_logger(__name__)


class WorkerRuntime:
    """Everything of one child process. `build` loads and warms the models; then it is ready."""

    def __init__(
        self,
        *,
        context: WorkerContext,
        heartbeat: Heartbeat,
        follower: ModelFollower,
        watchdog: Loop,
        notifier: QueueNotifier,
        engine: Engine,
    ) -> None:
        self._context = context
        self._heartbeat = heartbeat
        self._follower = follower
        self._watchdog = watchdog
        self._notifier = notifier
        self._engine = engine

    @classmethod
    def build(cls, settings: Settings, *, draining: DrainFlag) -> Self:
        """Load the models, warm them up, and only then start the heartbeat.

        Raises:
            BundleError: the model must not be used; the worker has to end.
        """
        analyser = load_analyser(settings)
        analyser.warm_up()
        engine = build_engine(settings.database)
        sessions = build_session_factory(engine)
        metrics, sizer = Metrics(), BatchSizer()
        metrics.show(Metrics.faces, Metrics.faces_per_photo, Metrics.lost_leases)
        database, storage = RetryingDatabase(sessions), build_storage(settings.storage)
        models, source = _build_models(settings, analyser, database=database, storage=storage)
        models.begin()
        job_models = JobModels(
            models,
            source,
            max_bytes=1_000_000 * settings.worker.max_memory_mb,
            resident=resident_bytes,
            typical_bytes=model_bytes(settings.worker.bundle_dir),
        )
        notifier = build_notifier(settings, metrics)
        worker = _identity(settings, models)
        heartbeat = _build_heartbeat(
            settings,
            sessions,
            worker,
            models=models,
            job_models=job_models,
            metrics=metrics,
            sizer=sizer,
        )
        # A thread of its own: what asks the broker must not hold up the heartbeat.
        watchdog = Loop("watchdog", _watchdog(worker, sessions, notifier).check, every_s=BEAT_S)
        context = WorkerContext(
            database=database,
            fetcher=PhotoFetcher(
                storage, timeout_s=TIMEOUT_SHARE * settings.queue.task_time_limit_s
            ),
            models=models,
            job_models=job_models,
            annotated=AnnotatedPhotoWriter(storage, limits=settings.photos.limits),
            tiles=TileWriter(build_storage(settings.storage, hasty=True), metrics=metrics),
            settings=settings.queue,
            metrics=metrics,
            draining=draining,
            live_workers=heartbeat.workers,
            on_claim=heartbeat.claimed,
            tracing=build_tracing(settings.telemetry, service="worker"),
            sizer=sizer,
        )
        follower = ModelFollower(
            models,
            job_models,
            every_s=settings.models.poll_s,
            state=lambda: (models.model_version, describe(models), job_models.describe()),
            changed=heartbeat.wake,
        )
        _log.info(
            "worker.ready",
            model=models.model_version,
            device=device_of(settings).value,
            precision=models.precision,
        )
        heartbeat.start()
        follower.start()
        watchdog.start()
        return cls(
            context=context,
            heartbeat=heartbeat,
            follower=follower,
            watchdog=watchdog,
            notifier=notifier,
            engine=engine,
        )

    def analyse(self, *, task: uuid.UUID) -> int:
        """Serve one hint; return how many outcomes were written."""
        return JobLoop(self._context, task=task).run()

    def close(self) -> None:
        """Remove the heartbeat's row and close every connection."""
        self._watchdog.stop()
        self._follower.stop()
        self._heartbeat.stop()
        self._watchdog.join(WATCHDOG_STOP_S)
        self._context.fetcher.close()
        self._context.tiles.close()
        self._notifier.close()
        self._context.tracing.close()
        self._engine.dispose()


def _build_models(
    settings: Settings,
    analyser: PhotoAnalyser,
    *,
    database: RetryingDatabase,
    storage: ObjectStorage,
) -> tuple[ModelManager, PublishedModels | None]:
    """Build what follows the registry; an analyser without a bundle (in tests) stays for good."""
    shipped = _register(database, settings, analyser)
    if shipped is None:
        return ModelManager(analyser), None
    source = PublishedModels(database, storage, settings=settings.models, shipped=shipped)
    sha256 = shipped.identity.sha256
    return ModelManager(analyser, source=source, sha256=sha256, settings=settings.models), source


def _identity(settings: Settings, models: ModelManager) -> WorkerIdentity:
    return WorkerIdentity(
        id=uuid.uuid4(),
        kind=device_of(settings),
        host=socket.gethostname(),
        pid=os.getpid(),
        main_pid=os.getppid(),
        model_version=models.model_version,
    )


def _build_heartbeat(
    settings: Settings,
    sessions: SessionFactory,
    worker: WorkerIdentity,
    *,
    models: ModelManager,
    job_models: JobModels,
    metrics: Metrics,
    sizer: BatchSizer,
) -> Heartbeat:
    model_info = ModelInfoGauge(metrics)
    return Heartbeat(
        sessions,
        worker,
        report=lambda: {
            **_report(metrics, sizer),
            **describe(models),
            **job_models.describe(),
            "formats": open_formats(settings.photos.limits),
        },
        model_version=lambda: model_info.update(models),
        pulse=Pulse(settings.health.pulse_file),
    )


def _register(
    database: RetryingDatabase, settings: Settings, analyser: PhotoAnalyser
) -> Shipped | None:
    """Write the row of the shipped bundle; None for an analyser of another one (in tests)."""
    directory = settings.worker.bundle_dir
    if not (directory / MANIFEST_NAME).exists():
        return None
    identity = read_identity(directory)
    if identity.model_version != analyser.model_version:
        return None
    database.run(lambda session: register_bundle(session, identity))
    return Shipped(directory, identity)


class ModelInfoGauge:
    """Keeps ``hfer_model_info`` at 1 for the model that answers, at 0 for those before it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._shown: tuple[str, str] | None = None

    def update(self, models: ModelManager) -> str:
        """Bring the gauge up to date; the model's version."""
        now = models.model_version, models.precision
        if self._shown is not None and self._shown != now:
            self._metrics.model.labels(*self._shown).set(0)
        self._metrics.model.labels(*now).set(1)
        self._shown = now
        return now[0]


def _report(metrics: Metrics, sizer: BatchSizer) -> dict[str, Any]:
    return {
        "rss_bytes": resident_bytes(),
        "faces": int(metrics.value("hfer_faces_total")),
        "seconds_per_photo": sizer.seconds_per_photo,
    }


def resident_bytes() -> int:
    """Memory of this process that is in RAM; the children's bound is ``max_memory_mb``."""
    return int(psutil.Process().memory_info().rss)


def _watchdog(
    worker: WorkerIdentity, sessions: SessionFactory, notifier: QueueNotifier
) -> Watchdog:
    def hints_wait() -> bool:
        return any(notifier.depth(queue) for queue in queues_of(worker.kind))

    def starving() -> bool:
        with unit_of_work(sessions) as session:
            return WorkerRepository(session).starving(worker, waiting_s=TIMEOUT_S)

    def kill() -> None:
        _log.critical("worker.deaf", main_pid=worker.main_pid)
        os.kill(worker.main_pid, signal.SIGKILL)

    return Watchdog(hints_wait=hints_wait, starving=starving, kill=kill)
