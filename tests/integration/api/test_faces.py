"""Faces of a job: photos narrowed by them, and their sum."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Outcome
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.serving import assert_problem


def shown(emotion: Emotion, p: float, *, uncertain: bool = False, index: int = 0) -> dict[str, Any]:
    rest = (1 - p) / 6
    probabilities = [p if each is emotion else rest for each in EMOTIONS]
    return face_payload(index, probabilities=probabilities, uncertain=uncertain)


PHOTOS: Sequence[Sequence[dict[str, Any]]] = (
    [shown(Emotion.HAPPINESS, 0.9), shown(Emotion.ANGER, 0.4, uncertain=True, index=1)],
    [shown(Emotion.ANGER, 0.8)],
    [],
    [shown(Emotion.HAPPINESS, 0.6)],
)


@pytest.fixture
def seeded(sessions: SessionFactory) -> SeededJob:
    statuses = [*(ItemStatus.SUCCEEDED for _ in PHOTOS), ItemStatus.FAILED]
    with unit_of_work(sessions) as session:
        made = seed_job(session, statuses)
        for item, faces in zip(made.items, PHOTOS, strict=False):
            outcome = session.get_one(Outcome, item.id)
            outcome.payload = photo_payload(*faces)
    return made


def path(seeded: SeededJob) -> str:
    return f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"


@pytest.mark.parametrize(
    ("query", "photos"),
    [
        ("expression=happiness", [0, 3]),
        ("expression=anger", [0, 1]),
        ("expression=fear", []),
        ("min_p=0.85", [0]),
        ("expression=anger&min_p=0.5", [1]),
        ("uncertain=true", [0]),
        ("expression=happiness&uncertain=true", []),
        ("uncertain=false&expression=anger", [1]),
        ("", [0, 1, 2, 3, 4]),
    ],
)
def test_one_face_fits_all_that_is_asked(
    client: httpx.Client, seeded: SeededJob, query: str, photos: list[int]
) -> None:
    response = client.get(f"{path(seeded)}/items?{query}")
    assert [photo["index"] for photo in response.json()["data"]] == photos


def test_a_narrowed_listing_has_pages(client: httpx.Client, seeded: SeededJob) -> None:
    first = client.get(f"{path(seeded)}/items?expression=happiness&limit=1")
    rest = client.get(first.links["next"]["url"])
    assert [p["index"] for r in (first, rest) for p in r.json()["data"]] == [0, 3]


@pytest.mark.parametrize("query", ["expression=joy", "min_p=1.5", "uncertain=maybe"])
def test_what_does_not_fit_is_refused(client: httpx.Client, seeded: SeededJob, query: str) -> None:
    assert_problem(client.get(f"{path(seeded)}/items?{query}"), 422, "validation")


class TestSummary:
    def test_adds_up_faces_by_first_answer(self, client: httpx.Client, seeded: SeededJob) -> None:
        summary = client.get(f"{path(seeded)}/summary").json()
        assert (summary["faces"], summary["uncertain"]) == (4, 1)
        assert list(summary["expressions"]) == [emotion.value for emotion in EMOTIONS]
        expressions = summary["expressions"]
        assert expressions["happiness"] == {"faces": 2, "uncertain": 0, "mean_p": 0.75}
        assert expressions["anger"] == {"faces": 2, "uncertain": 1, "mean_p": 0.6}
        assert expressions["fear"] == {"faces": 0, "uncertain": 0, "mean_p": None}

    def test_of_a_job_without_results_is_empty(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            made = seed_job(session, [ItemStatus.QUEUED])
        assert client.get(f"{path(made)}/summary").json()["faces"] == 0

    def test_belongs_to_its_tenant(self, api: Any, seeded: SeededJob) -> None:
        stranger = api.client(tenant="other")
        assert_problem(stranger.get(f"{path(seeded)}/summary"), 404, "not-found")
