"""The tools of a worker process, made once and shared by all of its tasks."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from services.common.config import QueueSettings
from services.common.db.retrying import RetryingDatabase
from services.common.telemetry import Metrics, NoTracing, Tracing
from services.worker.jobs.batch_sizer import Pace
from services.worker.models.manager import ModelDesk
from services.worker.photos.annotated import PictureKeeper
from services.worker.photos.fetcher import PhotoFetcher


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a task asks of its process.

    Attributes:
        draining: whether the worker is about to stop.
        workers: how many children share the queue, this one included.
        claimed: told of every claim that took something, for the heartbeat.
    """

    draining: Callable[[], bool]
    workers: Callable[[], int]
    claimed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything a task works with; ``pace`` remembers how fast this process is."""

    database: RetryingDatabase
    fetcher: PhotoFetcher
    models: ModelDesk
    pictures: PictureKeeper
    settings: QueueSettings
    surroundings: Surroundings
    metrics: Metrics
    tracing: Tracing = field(default_factory=NoTracing)
    pace: Pace = field(default_factory=Pace)
    rng: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
