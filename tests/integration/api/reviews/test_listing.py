"""`/v1/reviews`: votes across jobs, and the table that the trainer reads."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Scope
from services.trainer.data.votes.tables import read_votes
from tests.fixtures.jobs import SeededJob, seed_job
from tests.fixtures.saying import Say
from tests.fixtures.serving import Api, assert_problem


@pytest.fixture
def second(sessions: SessionFactory, reviewing: httpx.Client) -> Say:
    """Reviews of another job, of one face."""
    with unit_of_work(sessions) as session:
        made = seed_job(session, [ItemStatus.SUCCEEDED])
    return Say(reviewing, f"/v1/jobs/{format_id(IdKind.JOB, made.job.public_id)}", made)


@pytest.fixture
def votes(say: Say, second: Say) -> None:
    """The model says happiness of all."""
    say.send(
        say.one(0, 0, "happiness", blind=True),
        say.one(0, 0, "fear", "bob"),
        say.one(0, 1, "cannot_tell"),
        say.one(1, 0, "not_a_face"),
    )
    second.put(0, 0, "happiness")
    say.put(1, 1, "fear")
    say.undo()


def listed(client: httpx.Client, **query: Any) -> list[tuple[str, str]]:
    data = client.get("/v1/reviews", params=query).raise_for_status().json()["data"]
    return [(vote["answer"], vote["reviewer"]) for vote in data]


@pytest.mark.usefixtures("votes")
class TestList:
    def test_is_of_all_jobs_with_the_models_answer(
        self, reviewing: httpx.Client, seeded: SeededJob
    ) -> None:
        data = reviewing.get("/v1/reviews").json()["data"]
        assert len(data) == 5
        assert data[0]["job_id"] == format_id(IdKind.JOB, seeded.job.public_id)
        assert data[0]["filename"] == seeded.items[0].filename
        assert {vote["model_answer"] for vote in data} == {"happiness"}
        assert len({vote["job_id"] for vote in data}) == 2

    @pytest.mark.parametrize(
        ("query", "answers"),
        [
            ({"reviewer": "bob"}, ["fear"]),
            ({"answer": "not_a_face"}, ["not_a_face"]),
            ({"blind": "true"}, ["happiness"]),
            ({"differs": "true"}, ["fear", "not_a_face"]),
            ({"differs": "false"}, ["cannot_tell", "happiness", "happiness"]),
            ({"since": "2999-01-01T00:00:00Z"}, []),
        ],
    )
    def test_narrows(
        self, reviewing: httpx.Client, query: dict[str, str], answers: list[str]
    ) -> None:
        assert sorted(answer for answer, _ in listed(reviewing, **query)) == answers

    def test_narrows_to_a_job(self, reviewing: httpx.Client, path: str) -> None:
        assert len(listed(reviewing, job_id=path.rpartition("/")[2])) == 4
        assert_problem(reviewing.get("/v1/reviews?job_id=job_1"), 404, "not-found")

    def test_has_pages(self, reviewing: httpx.Client) -> None:
        found, url = [], "/v1/reviews?limit=2"
        while url:
            page = reviewing.get(url)
            found += [(vote["answer"], vote["reviewer"]) for vote in page.json()["data"]]
            url = page.links.get("next", {}).get("url", "")
        assert found == listed(reviewing)

    def test_shows_nothing_of_another_tenant(self, api: Api) -> None:
        other = api.client(Scope.JOBS_READ, tenant="other")
        assert listed(other) == []
        assert len(other.get("/v1/reviews/votes").text.splitlines()) == 1


@pytest.mark.usefixtures("votes")
class TestVotes:
    def test_is_what_the_trainer_reads(
        self, reviewing: httpx.Client, seeded: SeededJob, tmp_path: Path
    ) -> None:
        response = reviewing.get("/v1/reviews/votes")
        assert response.headers["content-type"].startswith("text/csv")
        (tmp_path / "votes.csv").write_bytes(response.content)
        table = read_votes([tmp_path / "votes.csv"])
        first, second = seeded.items[0].public_id.hex, seeded.items[1].public_id.hex
        # Surprise, fear, disgust, happiness, anger, sadness, neutral; contempt, unknown, no face.
        assert table.counts[f"{first}-0.jpg"] == (0, 1, 0, 1, 0, 0, 0, 0, 0, 0)
        assert table.counts[f"{first}-1.jpg"] == (0, 0, 0, 0, 0, 0, 0, 0, 1, 0)
        assert table.counts[f"{second}-0.jpg"] == (0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
        assert len(table.counts) == 4
        assert not table.doubled

    def test_counts_what_fits(self, reviewing: httpx.Client) -> None:
        assert len(reviewing.get("/v1/reviews/votes?blind=true").text.splitlines()) == 2

    def test_is_an_act_of_the_audit(self, api: Api, reviewing: httpx.Client) -> None:
        reviewing.get("/v1/reviews/votes")
        query = {"action": "reviews.downloaded"}
        assert len(api.client(Scope.ADMIN).get("/v1/audit", params=query).json()["data"]) == 1
