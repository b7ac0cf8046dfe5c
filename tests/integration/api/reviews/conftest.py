"""A job of four photos, and who reviews it."""

import httpx
import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Outcome
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Scope
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.saying import Say
from tests.fixtures.serving import Api


@pytest.fixture
def seeded(sessions: SessionFactory) -> SeededJob:
    """Two photos with two faces each, one without a face, one that failed."""
    statuses = [ItemStatus.SUCCEEDED, ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED]
    with unit_of_work(sessions) as session:
        made = seed_job(session, statuses)
        for item in made.items[:2]:
            outcome = session.get_one(Outcome, item.id)
            outcome.payload = photo_payload(face_payload(), face_payload(face_index=1))
    return made


@pytest.fixture
def path(seeded: SeededJob) -> str:
    return f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"


@pytest.fixture
def reviewing(api: Api) -> httpx.Client:
    return api.client(Scope.REVIEW, Scope.JOBS_READ, Scope.JOBS_ERASE)


@pytest.fixture
def say(reviewing: httpx.Client, path: str, seeded: SeededJob) -> Say:
    return Say(reviewing, path, seeded)
