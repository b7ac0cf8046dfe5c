"""What a process of the API holds for its lifetime: built by one factory, closed at the end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Engine

from services.api.drawing.renderer import PictureRenderer
from services.api.events.watch import JobWatch, build_watch
from services.api.health.news import ReadinessNews
from services.api.ticket_lock import TenantLocks
from services.common.broker.celery_app import uses_redis
from services.common.broker.notifier import build_notifier
from services.common.config import Settings
from services.common.db.session import SessionFactory, build_engine, build_session_factory
from services.common.domain.limits import PhotoLimits
from services.common.domain.queues import Lane, Queue
from services.common.domain.tenants import TenantLimits
from services.common.jobs.submission import SubmissionRules
from services.common.limiting.counters import Counters, LocalCounters
from services.common.limiting.redis_counters import RedisCounters
from services.common.storage import ObjectStorage, build_storage
from services.common.storage_urls import UrlSigner, build_url_signer
from services.common.telemetry import Metrics, NoTracing, Tracing, build_tracing

# Puts of 100 KB reach their best rate at 8 threads (SeaweedFS, two cores); each may hold a
# connection to the database for a moment, of which a pool has 20.
UPLOAD_THREADS = 4
# The largest picture as a child hands it over: 16 Mpx as JPEG, compat.picture_pixels as RGB.
PICTURE_BYTES = 32_000_000
# How long the sender of a body may be silent; phones change networks in half a minute.
STALL_S = 60.0


class Notifier(Protocol):
    """What the API needs of the broker. No call raises; `QueueNotifier` is the real one."""

    @property
    def unfit(self) -> str | None:
        """What to change where the broker is too old, fit for anyone's eyes; else None."""
        ...

    def notify(self, job_id: int, lane: Lane) -> bool:
        """Tell the workers, after the commit, that a job has ready photos."""
        ...

    def depth(self, queue: Queue) -> int | None:
        """Return how many hints wait; None when the broker does not answer."""
        ...

    def close(self) -> None:
        """Drop the connection."""
        ...


@dataclass(frozen=True, slots=True)
class ApiState:
    """Clients, settings and bounded resources of one API process."""

    settings: Settings
    engine: Engine
    sessions: SessionFactory
    storage: ObjectStorage
    signer: UrlSigner
    notifier: Notifier
    metrics: Metrics
    watch: JobWatch
    renderer: PictureRenderer
    tracing: Tracing = field(default_factory=NoTracing)
    limits: PhotoLimits = field(default_factory=PhotoLimits)
    upload_threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="upload")
    )
    counters: Counters = field(default_factory=LocalCounters)
    download_locks: TenantLocks = field(default_factory=TenantLocks)
    readiness: ReadinessNews = field(default_factory=ReadinessNews)
    stall_s: float = STALL_S

    @property
    def rules(self) -> SubmissionRules:
        """What a submission is held to."""
        return SubmissionRules(
            tenant=self.tenant_limits,
            keep_results=timedelta(seconds=self.settings.retention.results_s),
            keep_upload=timedelta(seconds=upload_s(self.settings)),
            limits=self.limits,
            keep_photos=timedelta(seconds=self.settings.retention.inputs_s),
            keep_photos_max=timedelta(seconds=self.settings.retention.longest_inputs_s),
            keeps_faces=self.settings.retention.training_s > 0,
        )

    @property
    def tenant_limits(self) -> TenantLimits:
        """How much a tenant may do for whom nothing else is set."""
        cap = self.settings.api.queue_cap_photos
        return self.settings.limits.tenant_limits(open_photos=cap)

    @property
    def urls_hold(self) -> timedelta:
        """How long a client may put a photo by a presigned URL."""
        return timedelta(seconds=self.settings.api.upload_url_s)

    def close(self) -> None:
        """Close every connection and end every thread."""
        self.renderer.close()
        self.upload_threads.shutdown(wait=True, cancel_futures=True)
        self.notifier.close()
        self.counters.close()
        self.tracing.close()
        self.engine.dispose()


def upload_s(settings: Settings) -> int:
    """Seconds that an unsealed upload lives after its last request: not less than its URLs hold."""
    return max(settings.retention.orphans_s, settings.api.upload_url_s)


def build_state(settings: Settings) -> ApiState:
    """Build the state of a process; nothing is connected yet."""
    engine = build_engine(settings.database)
    sessions = build_session_factory(engine)
    metrics = Metrics()
    metrics.show(Metrics.upload_bytes)
    return ApiState(
        settings=settings,
        engine=engine,
        sessions=sessions,
        storage=build_storage(settings.storage),
        signer=build_url_signer(settings.storage),
        notifier=build_notifier(settings, metrics),
        counters=build_counters(settings, metrics),
        metrics=metrics,
        watch=build_watch(sessions, per_tenant=settings.api.listeners),
        renderer=build_renderer(settings, limits=settings.photos.limits),
        tracing=build_tracing(settings.telemetry, service="api"),
        limits=settings.photos.limits,
    )


def build_counters(settings: Settings, metrics: Metrics) -> Counters:
    """Build what counts the requests of keys; nothing is connected yet."""
    if uses_redis(settings.broker):
        return RedisCounters(settings.broker, metrics=metrics)
    return LocalCounters()


def build_renderer(settings: Settings, *, limits: PhotoLimits) -> PictureRenderer:
    """Build what draws pictures; no child is started yet."""
    raw = settings.compat.picture_pixels * 3
    return PictureRenderer(photo_pixels=limits.photo_pixels, output_bytes=max(PICTURE_BYTES, raw))
