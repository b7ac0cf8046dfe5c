"""What a process of the API holds for its lifetime: built by one factory, closed at the end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Protocol

from sqlalchemy import Engine

from services.api.events.watch import JobWatch, build_watch
from services.api.health.news import ReadinessNews
from services.common.broker.notifier import build_notifier
from services.common.config import Settings
from services.common.db.session import SessionFactory, build_engine, build_session_factory
from services.common.domain.errors import TransientError
from services.common.domain.limits import PhotoLimits
from services.common.domain.queues import Lane, Queue
from services.common.jobs.submission import SubmissionRules
from services.common.storage import ObjectStorage, build_storage
from services.common.storage_urls import UrlSigner, build_url_signer
from services.common.telemetry import Metrics, NoTracing, Tracing, build_tracing

# Puts of 100 KB reach their best rate at 8 threads (SeaweedFS, two cores); each may hold a
# connection to the database for a moment, of which a pool has 20.
UPLOAD_THREADS = 4
# A 50 megapixel photo takes 150 MB while it is drawn on.
RENDERERS = 2
# How long a request waits for its turn to draw before it is answered with a 503.
TURN_S = 10.0
# How long the sender of a body may be silent; phones change networks in half a minute.
STALL_S = 60.0


class Notifier(Protocol):
    """What the API needs of the broker. No call raises; `QueueNotifier` is the real one."""

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
    tracing: Tracing = field(default_factory=NoTracing)
    limits: PhotoLimits = field(default_factory=PhotoLimits)
    upload_threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="upload")
    )
    renderers: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(RENDERERS))
    readiness: ReadinessNews = field(default_factory=ReadinessNews)
    turn_s: float = TURN_S
    stall_s: float = STALL_S

    @property
    def rules(self) -> SubmissionRules:
        """What a submission is held to."""
        return SubmissionRules(
            open_photos=self.settings.api.queue_cap_photos,
            keep_results=timedelta(seconds=self.settings.retention.results_s),
            keep_upload=timedelta(seconds=self.settings.retention.orphans_s),
            limits=self.limits,
        )

    @contextmanager
    def turn_to_draw(self, longest_s: float | None = None) -> Iterator[None]:
        """Hold one of the few places for decoding and drawing.

        Args:
            longest_s: longest wait for one in seconds; ``turn_s`` when None.

        Raises:
            TransientError: none became free in time.
        """
        if not self.renderers.acquire(timeout=self.turn_s if longest_s is None else longest_s):
            raise TransientError("Many photos are being drawn; try again shortly.")
        try:
            yield
        finally:
            self.renderers.release()

    def close(self) -> None:
        """Close every connection and end every thread."""
        self.upload_threads.shutdown(wait=True, cancel_futures=True)
        self.notifier.close()
        self.tracing.close()
        self.engine.dispose()


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
        metrics=metrics,
        watch=build_watch(sessions, per_tenant=settings.api.listeners),
        tracing=build_tracing(settings.telemetry, service="api"),
        limits=settings.photos.limits,
    )
