"""Jobs of URLs, and an ingest on a real database and bucket and a fake network."""

import hashlib
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update

from services.common.config import FetchSettings
from services.common.db.grants import Role
from services.common.db.retrying import RetryingDatabase
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, UrlFetch
from services.common.domain.faces import AnalysisOptions
from services.common.domain.ids import new_uuid7
from services.common.domain.limits import PhotoLimits
from services.common.jobs.queue.repositories.fetches import ClaimedFetch, FetchRepository
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, submit
from services.common.telemetry import Metrics
from services.ingest.download import Downloader
from services.ingest.fetch_loop import FetchLoop
from services.ingest.fetcher import PhotoBucket, UrlFetcher
from tests.fixtures.as_role import sessions_as
from tests.fixtures.factories import MadeJob, Rows
from tests.fixtures.jobs import RULES
from tests.fixtures.network import FakeNames, FakeNetwork
from tests.integration.worker.conftest import make_context, world  # noqa: F401 - fixtures

TENANT = "acme"
PUBLIC, SLOW, PRIVATE = "93.184.216.34", "93.184.216.35", "10.0.0.5"
HOSTS = {
    "photos.example.com": [[PUBLIC]],
    "slow.example.com": [[SLOW]],
    "inside.example.com": [[PRIVATE]],
    "mixed.example.com": [[PUBLIC, "127.0.0.1"]],
    "rebinding.example.com": [[PUBLIC], ["127.0.0.1"]],
}
# What the decoder takes for a JPEG is enough for a fake model.
PHOTO = b"\xff\xd8\xff\xe0 a photo of nobody"
SHA256 = hashlib.sha256(PHOTO).digest()


UrlJobMaker = Callable[..., MadeJob]


@pytest.fixture
def make_url_job(sessions: SessionFactory) -> Callable[..., MadeJob]:
    def make(*urls: str, tenant: str = TENANT) -> MadeJob:
        items = [
            NewItem(new_uuid7(), url.rpartition("/")[2], None, 0, source_url=url) for url in urls
        ]
        with unit_of_work(sessions) as session:
            job = submit(session, Submission(tenant, items, AnalysisOptions()), rules=RULES).job
            ids = session.scalars(
                select(Item.id).where(Item.job_id == job.id).order_by(Item.seq)
            ).all()
            return MadeJob(job.id, list(ids))

    return make


def fetch_all(
    sessions: SessionFactory,
    bucket: PhotoBucket,
    network: FakeNetwork,
    *,
    rounds: int = 1,
    metrics: Metrics | None = None,
    **settings: Any,
) -> None:
    """Claim and fetch until nothing is due, while this thread waits."""
    chosen = FetchSettings.model_validate({"threads": 2, "interval_s": 0.01, **settings})
    database = RetryingDatabase(sessions_as(sessions, Role.INGEST))
    names = FakeNames({host: list(answers) for host, answers in HOSTS.items()})
    downloader = Downloader(chosen, limits=PhotoLimits(), resolver=names, connector=network)
    fetcher = UrlFetcher(
        database,
        bucket,
        downloader,
        settings=chosen,
        metrics=metrics or Metrics(),
        rng=random.Random(0),
    )
    for _ in range(rounds):
        one = FetchLoop(database, fetcher, settings=chosen)
        while one.step():
            pass
        one.wait()


def due_now(sessions: SessionFactory) -> None:
    """Let the time of every postponed fetch come."""
    with unit_of_work(sessions) as session:
        session.execute(update(UrlFetch).values(next_at=text("now()")))


def claim(
    sessions: SessionFactory, *, limit: int, per_host: int, reserve: int = 0
) -> list[ClaimedFetch]:
    with unit_of_work(sessions_as(sessions, Role.INGEST)) as session:
        return FetchRepository(session).claim(
            limit=limit, token=uuid.uuid4(), lease_s=60, per_host=per_host, reserve=reserve
        )


def codes(rows: Rows, job: MadeJob) -> list[str | None]:
    outcomes = rows.outcomes(job.id)
    return [outcomes[item].error_code if item in outcomes else None for item in job.items]
