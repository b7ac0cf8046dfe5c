"""A worker's context on real servers, with a fake model and a clock of its own."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from services.common.config import QueueSettings, Settings
from services.common.db.grants import Role
from services.common.db.retrying import RetryingDatabase
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Worker
from services.common.domain.limits import PhotoLimits
from services.common.storage import ObjectStorage
from services.common.telemetry import Metrics
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.job_loop import JobLoop
from services.worker.models.job_models import JobModels
from services.worker.models.manager import ModelManager
from services.worker.photos.annotated import AnnotatedPhotoWriter
from services.worker.photos.fetcher import PhotoBucket, PhotoFetcher
from services.worker.photos.tiles import TileBucket, TileWriter
from services.worker.process.shutdown import DrainFlag
from services.worker.runtime import WorkerRuntime
from tests.fixtures.analysers import FIVE_MS, FakeAnalyser
from tests.fixtures.as_role import sessions_as, settings_as
from tests.fixtures.settings import SettingsMaker


class Clock:
    """Stands still unless told; the model may move it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """What a test may change between or during tasks."""

    draining: bool = False
    workers: int = 1
    claims: int = 0
    clock: Clock = field(default_factory=Clock)

    def claimed(self) -> None:
        self.claims += 1


ContextMaker = Callable[..., WorkerContext]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_context(
    sessions: SessionFactory, storage: ObjectStorage, world: World
) -> Iterator[ContextMaker]:
    """Build contexts; ``bucket``, ``analyser`` and the queue's settings may be given."""
    fetchers: list[PhotoFetcher] = []
    writers: list[TileWriter] = []

    def make(
        analyser: FakeAnalyser | None = None,
        *,
        bucket: PhotoBucket = storage,
        tile_bucket: TileBucket = storage,
        models: ModelManager | None = None,
        job_models: JobModels | None = None,
        **queue: float,
    ) -> WorkerContext:
        fetchers.append(PhotoFetcher(bucket, threads=2, timeout_s=5))
        models = models or ModelManager(analyser or FakeAnalyser())
        metrics = Metrics()
        writers.append(TileWriter(tile_bucket, metrics=metrics, clock=world.clock))
        return WorkerContext(
            database=RetryingDatabase(sessions_as(sessions, Role.WORKER)),
            fetcher=fetchers[-1],
            models=models,
            job_models=job_models or JobModels(models),
            annotated=AnnotatedPhotoWriter(storage, limits=PhotoLimits()),
            tiles=writers[-1],
            settings=QueueSettings.model_validate(queue),
            metrics=metrics,
            draining=lambda: world.draining,
            live_workers=lambda: world.workers,
            on_claim=world.claimed,
            rng=random.Random(0),
            clock=world.clock,
        )

    yield make
    for opened in (*fetchers, *writers):
        opened.close()


def work(context: WorkerContext) -> int:
    """Serve one hint."""
    return JobLoop(context, task=uuid.uuid4()).run()


@pytest.fixture
def worker_settings(make_settings: SettingsMaker) -> Settings:
    return make_settings(worker={"analyser": FIVE_MS})


@pytest.fixture
def runtime(worker_settings: Settings, tmp_path: Path) -> Iterator[WorkerRuntime]:
    runtime = WorkerRuntime.build(
        settings_as(worker_settings, Role.WORKER), draining=DrainFlag(tmp_path / "draining")
    )
    yield runtime
    runtime.close()


def workers(sessions: SessionFactory) -> list[Worker]:
    with unit_of_work(sessions) as session:
        return list(session.scalars(select(Worker)))
