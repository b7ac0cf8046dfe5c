"""`/v1/jobs/{id}/reviews`: what people say of faces."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from sqlalchemy import func, select

from services.common.db.review_tables import FaceReview
from services.common.db.session import SessionFactory, unit_of_work
from services.common.keys.service import Scope
from tests.fixtures.jobs import SeededJob
from tests.fixtures.saying import Say
from tests.fixtures.serving import Api, assert_problem


def rows(sessions: SessionFactory) -> int:
    with unit_of_work(sessions) as session:
        return session.scalar(select(func.count()).select_from(FaceReview)) or 0


class TestAdd:
    def test_the_last_word_of_each_reviewer_is_listed(self, say: Say) -> None:
        first = say.one(1, 0, "anger"), say.one(0, 1, "fear", "bob"), say.one(0, 1, "fear")
        assert say.count(*first) == (3, 0)
        assert say.count(say.one(0, 1, "not_a_face")) == (1, 0)
        assert say.listed() == [
            (say.item(0), 1, "ada", "not_a_face", 2),
            (say.item(0), 1, "bob", "fear", 1),
            (say.item(1), 0, "ada", "anger", 1),
        ]

    def test_the_same_once_more_changes_nothing(self, say: Say, sessions: SessionFactory) -> None:
        said = say.one(0, 0, "sadness", blind=True)
        assert say.send(said).json()["added"] == 1
        assert say.count(said) == (0, 1)
        # An import that does not know that it was given blind does not take that away.
        assert say.count(say.one(0, 0, "sadness")) == (0, 1)
        assert rows(sessions) == 1

    def test_no_word_is_lost(self, say: Say, sessions: SessionFactory) -> None:
        for answer in ("anger", "fear", "anger"):
            say.send(say.one(0, 0, answer))
        assert rows(sessions) == 3
        assert say.listed() == [(say.item(0), 0, "ada", "anger", 3)]

    def test_many_at_once_lose_and_double_nothing(self, say: Say, sessions: SessionFactory) -> None:
        names = [f"r{number}" for number in range(4)]

        def review(name: str) -> list[int]:
            said = [say.one(photo, face, "fear", name) for photo in (0, 1) for face in (0, 1)]
            return [say.send(*said).status_code for _ in range(2)]

        with ThreadPoolExecutor(4) as pool:
            assert {code for codes in pool.map(review, names) for code in codes} == {200}
        assert rows(sessions) == 16

    def test_faces_that_are_not_there_are_named_and_nothing_is_taken(
        self, say: Say, sessions: SessionFactory
    ) -> None:
        absent = [say.one(photo, face, "fear") for photo, face in ((0, 2), (2, 0), (3, 0))]
        strange = say.one(0, 0, "fear") | {"item_id": "itm_1"}
        problem = assert_problem(
            say.send(say.one(0, 0, "fear"), *absent, strange), 422, "validation"
        )
        pointers = [error["pointer"] for error in problem["errors"]]
        assert pointers == ["#/reviews/1", "#/reviews/2", "#/reviews/3", "#/reviews/4"]
        assert rows(sessions) == 0

    def test_two_words_of_one_reviewer_on_a_face_are_refused(self, say: Say) -> None:
        response = say.send(say.one(0, 0, "fear"), say.one(0, 0, "anger"))
        problem = assert_problem(response, 422, "validation")
        assert [error["pointer"] for error in problem["errors"]] == ["#/reviews/1"]


class TestWho:
    def test_takes_the_scope(self, api: Api, path: str, seeded: SeededJob) -> None:
        say = Say(api.client(Scope.JOBS_READ, Scope.JOBS_WRITE), path, seeded)
        assert_problem(say.send(say.one(0, 0, "fear")), 403, "insufficient-scope")

    def test_another_tenants_job_is_not_there(self, api: Api, path: str, seeded: SeededJob) -> None:
        client = api.client(Scope.REVIEW, Scope.JOBS_READ, tenant="other")
        say = Say(client, path, seeded)
        assert_problem(say.send(say.one(0, 0, "fear")), 404, "not-found")
        assert_problem(client.get(f"{path}/reviews"), 404, "not-found")

    def test_is_an_act_of_the_audit(self, api: Api, say: Say, path: str) -> None:
        say.send(say.one(0, 0, "fear"))
        query = {"action": "reviews.added"}
        (entry,) = api.client(Scope.ADMIN).get("/v1/audit", params=query).json()["data"]
        assert (entry["outcome"], entry["object"]) == ("done", path.rpartition("/")[2])


class TestList:
    def test_has_pages(self, reviewing: httpx.Client, say: Say, path: str) -> None:
        names = ["ada", "Ærøskøbing 👩‍🔬" + "👩" * 80, "zoë"]
        say.send(*(say.one(0, 0, "fear", name) for name in names), say.one(1, 1, "fear"))
        found, url = [], f"{path}/reviews?limit=1"
        while url:
            page = reviewing.get(url)
            found += [(review["item_id"], review["reviewer"]) for review in page.json()["data"]]
            url = page.links.get("next", {}).get("url", "")
        assert sorted(found[:3]) == sorted((say.item(0), name) for name in names)
        assert found[3:] == [(say.item(1), "ada")]

    def test_is_narrowed_to_photos(self, reviewing: httpx.Client, say: Say, path: str) -> None:
        say.send(say.one(0, 1, "fear"), say.one(1, 0, "anger"), say.one(1, 1, "fear", "bob"))

        def listed(**query: Any) -> list[tuple[int, int, str]]:
            found = reviewing.get(f"{path}/reviews", params=query).raise_for_status().json()
            return [(one["index"], one["face_index"], one["reviewer"]) for one in found["data"]]

        assert listed(index=[1]) == [(1, 0, "ada"), (1, 1, "bob")]
        assert listed(index=[1, 0, 7], reviewer="ada") == [(0, 1, "ada"), (1, 0, "ada")]
        assert_problem(reviewing.get(f"{path}/reviews?index=-1"), 422, "validation")


def test_an_erasure_takes_reviews_along(
    reviewing: httpx.Client, say: Say, path: str, sessions: SessionFactory
) -> None:
    say.send(say.one(0, 0, "fear"), say.one(1, 0, "fear", "bob"))
    assert reviewing.delete(path).status_code == 204
    assert rows(sessions) == 0
    assert_problem(say.send(say.one(0, 0, "fear")), 410, "gone")
