"""`/v1/jobs/{id}/draws` and `/reviews/summary`: what random faces tell of the model."""

from typing import Any

import httpx
import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Outcome
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Scope
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job
from tests.fixtures.saying import Say
from tests.fixtures.serving import Api, assert_problem

# Twelve faces: nine of happiness, three of surprise, as the model says.
SURPRISE = [0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]
ROWS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
CLASSES = ("", "happiness", "surprise", "fear", "anger", "not_a_face")


@pytest.fixture
def seeded(sessions: SessionFactory) -> SeededJob:
    """Twelve photos with a face each."""
    with unit_of_work(sessions) as session:
        made = seed_job(session, [ItemStatus.SUCCEEDED] * 12)
        for at, item in enumerate(made.items):
            more: dict[str, Any] = {"probabilities": SURPRISE} if at >= 9 else {}
            session.get_one(Outcome, item.id).payload = photo_payload(face_payload(**more))
    return made


def draw(client: httpx.Client, path: str, **wanted: Any) -> Any:
    return client.post(f"{path}/draws", json=wanted).raise_for_status().json()


def summary(client: httpx.Client, path: str) -> Any:
    return client.get(f"{path}/reviews/summary").raise_for_status().json()


class TestDraw:
    def test_is_the_same_for_a_seed_and_another_for_another(
        self, reviewing: httpx.Client, path: str
    ) -> None:
        first, again = (
            draw(reviewing, path, count=6, seed=7),
            draw(reviewing, path, count=6, seed=7),
        )
        assert first["index"] == again["index"]
        assert first["draw_id"] != again["draw_id"]
        assert draw(reviewing, path, count=6, seed=8)["index"] != first["index"]
        assert len(set(first["index"])) == 6
        # A larger one of the same seed begins with it.
        assert draw(reviewing, path, count=9, seed=7)["index"][:6] == first["index"]

    def test_tells_the_probability_of_each(self, reviewing: httpx.Client, path: str) -> None:
        plain = draw(reviewing, path, count=6)
        assert (plain["faces"], plain["population"]) == (6, 12)
        assert plain["probability"] == [0.5] * 6
        even = draw(reviewing, path, count=4, by_expression=True)
        told = sorted(zip(even["index"], even["probability"], strict=True))
        assert [round(chance, 6) for at, chance in told if at >= 9] == [round(2 / 3, 6)] * 2
        assert [round(chance, 6) for at, chance in told if at < 9] == [round(2 / 9, 6)] * 2

    def test_of_more_than_there_are_is_all(self, reviewing: httpx.Client, path: str) -> None:
        every = draw(reviewing, path, count=500)
        assert (sorted(every["index"]), set(every["probability"])) == (list(range(12)), {1.0})

    def test_is_read_again_with_its_votes(
        self, reviewing: httpx.Client, path: str, say: Say
    ) -> None:
        made = draw(reviewing, path, count=3)
        say.put(made["index"][1], 0, "fear")
        say.put(made["index"][1], 0, "anger", "bob")
        (listed,) = reviewing.get(f"{path}/draws").json()["data"]
        read = reviewing.get(f"{path}/draws/{listed['draw_id']}").json()
        assert read == made | {"votes": [0, 2, 0], "reviewed": 1}
        assert (listed["faces"], listed["reviewed"]) == (3, 1)

    def test_wants_a_final_job(self, api: Api, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            job = seed_job(session, [ItemStatus.SUCCEEDED, ItemStatus.QUEUED]).job.public_id
        path = f"/v1/jobs/{format_id(IdKind.JOB, job)}/draws"
        response = api.client(Scope.REVIEW).post(path, json={"count": 1})
        assert_problem(response, 409, "job-not-finished")

    def test_of_another_tenant_or_none_is_not_found(
        self, api: Api, reviewing: httpx.Client, path: str
    ) -> None:
        other = api.client(Scope.REVIEW, tenant="other")
        assert_problem(other.post(f"{path}/draws", json={"count": 1}), 404, "not-found")
        response = reviewing.get(f"{path}/draws/drw_{'0' * 32}")
        assert_problem(response, 404, "not-found")


class TestSummary:
    def test_without_reviews_says_what_to_do(self, reviewing: httpx.Client, path: str) -> None:
        told = summary(reviewing, path)
        assert (told["faces"], told["reviewed"], told["reviewers"]) == (12, 0, [])
        assert told["model"]["enough"].startswith("Draw faces at random")
        assert told["agreement"]["alpha"] == {"value": None, "low": None, "high": None, "n": 0}

    def test_counts_what_is_said_of_each_answer_of_the_model(
        self, reviewing: httpx.Client, path: str, say: Say
    ) -> None:
        say.put(9, 0, "surprise", "ada")
        say.put(10, 0, "fear", "ada")
        say.put(10, 0, "not_a_face", "bob")
        say.put(0, 0, "fear", "ada")
        say.put(1, 0, "anger", "ada")
        say.undo("ada")
        told = summary(reviewing, path)
        assert told["reviewed"] == 3
        assert told["confusion"] == {
            "surprise": {"surprise": 1, "fear": 1, "not_a_face": 1},
            "happiness": {"fear": 1},
        }
        for model, said in told["confusion"].items():
            for answer, faces in said.items():
                query = {"of": "faces", "expression": model, "answer": answer}
                order = reviewing.get(f"{path}/order", params=query).json()
                assert order["total"] == faces

    def test_agreement_is_krippendorffs(self, reviewing: httpx.Client, path: str, say: Say) -> None:
        for name, row in zip("abcd", ROWS, strict=True):
            votes = enumerate(row.split())
            said = [(at, CLASSES[int(vote)]) for at, vote in votes if vote != "."]
            say.send(*(say.one(at, 0, answer, name, blind=True) for at, answer in said))
        # In sight of the model's answer, and no vote at all: neither counts.
        say.put(11, 0, "sadness", "a")
        say.put(11, 0, "cannot_tell", "c", blind=True)
        told = summary(reviewing, path)
        assert told["agreement"]["alpha"]["value"] == pytest.approx(0.743421)
        assert told["agreement"]["alpha"]["n"] == 11
        assert told["agreement"]["kappa"] is None
        assert told["agreement"]["per_class"]["anger"]["n"] == 2
        assert (told["reviewed"], told["reviewers"][0]["votes"]) == (12, 11)
        assert {one["reviewer"]: one["blind"] for one in told["reviewers"]} == {
            "a": 9,
            "b": 11,
            "c": 11,
            "d": 11,
        }

    def test_kappa_is_of_two(self, reviewing: httpx.Client, path: str, say: Say) -> None:
        first = ["fear"] * 6 + ["anger"] * 5
        second = ["fear"] * 4 + ["anger"] * 7
        for name, answers in (("ada", first), ("bob", second)):
            said = enumerate(answers)
            say.send(*(say.one(at, 0, answer, name, blind=True) for at, answer in said))
        kappa = summary(reviewing, path)["agreement"]["kappa"]
        # Nine of eleven agree; by chance (6 * 4 + 5 * 7) / 121.
        assert kappa["value"] == pytest.approx((9 / 11 - 59 / 121) / (1 - 59 / 121), abs=1e-6)
        assert kappa["low"] < kappa["value"] < kappa["high"]

    def test_accuracy_counts_blind_votes_on_drawn_faces_in_their_order(
        self, reviewing: httpx.Client, path: str, say: Say
    ) -> None:
        made = draw(reviewing, path, count=8, seed=3)
        undrawn = next(at for at in range(12) if at not in made["index"])
        says = {at: "surprise" if at >= 9 else "happiness" for at in range(12)}
        say.put(undrawn, 0, "anger", blind=True)
        for at in made["index"][:3]:
            say.put(at, 0, says[at], blind=True)
        say.put(made["index"][3], 0, "anger", blind=True)
        say.put(made["index"][4], 0, "anger")
        # Behind a gap: perhaps picked for being uncertain.
        say.put(made["index"][6], 0, "anger", blind=True)
        model = summary(reviewing, path)["model"]
        assert (model["accuracy"]["value"], model["accuracy"]["n"]) == (0.75, 4)
        assert (model["drawn"], model["answered"], model["undecided"]) == (8, 5, 1)
        assert "more drawn faces" in model["enough"]
        say.put(made["index"][5], 0, says[made["index"][5]], blind=True)
        assert summary(reviewing, path)["model"]["answered"] == 7

    def test_a_vote_taken_back_is_a_gap(self, reviewing: httpx.Client, path: str, say: Say) -> None:
        made = draw(reviewing, path, count=2)
        say.put(made["index"][0], 0, "fear", blind=True)
        say.undo()
        told = summary(reviewing, path)
        assert (told["model"]["answered"], told["reviewed"]) == (0, 0)


def test_an_erasure_takes_draws_and_changes_along(
    reviewing: httpx.Client, path: str, say: Say
) -> None:
    made = draw(reviewing, path, count=2)
    say.put(0, 0, "fear")
    assert reviewing.delete(path).status_code == 204
    for url in (f"{path}/draws/{made['draw_id']}", f"{path}/reviews/summary"):
        assert_problem(reviewing.get(url), 410, "gone")
    assert_problem(reviewing.post(f"{path}/draws", json={"count": 1}), 410, "gone")
    receipt = reviewing.get(f"/v1/erasures/{path.rpartition('/')[2]}").json()
    assert (receipt["reviews"], receipt["draws"]) == (1, 1)
