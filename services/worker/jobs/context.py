"""What a worker process has, made once and shared by all of its tasks."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from services.common.config import QueueSettings
from services.common.db.retrying import RetryingDatabase
from services.common.telemetry import Metrics, NoTracing, Tracing
from services.worker.jobs.batch_sizer import BatchSizer
from services.worker.jobs.lane_order import LaneOrder
from services.worker.models.job_models import JobModels
from services.worker.models.manager import ModelManager
from services.worker.photos.annotated import AnnotatedPhotoWriter
from services.worker.photos.fetcher import PhotoFetcher
from services.worker.photos.tiles import TileWriter


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """Everything a task works with.

    Attributes:
        draining: whether the worker is about to stop.
        live_workers: how many children share the queue, this one included.
        on_claim: called after every claim that took something, for the heartbeat.
        sizer: remembers how fast this process is.
        lanes: remembers how long it has passed the batch lane over.
    """

    database: RetryingDatabase
    fetcher: PhotoFetcher
    models: ModelManager
    job_models: JobModels
    annotated: AnnotatedPhotoWriter
    tiles: TileWriter
    settings: QueueSettings
    metrics: Metrics
    draining: Callable[[], bool]
    live_workers: Callable[[], int]
    on_claim: Callable[[], None]
    tracing: Tracing = field(default_factory=NoTracing)
    sizer: BatchSizer = field(default_factory=BatchSizer)
    lanes: LaneOrder = field(default_factory=LaneOrder)
    rng: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    cpu_clock: Callable[[], float] = time.process_time
