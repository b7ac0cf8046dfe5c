"""`PUT` and `DELETE …/faces/{n}/review`: one vote on one face, with the version that was seen."""

import httpx
import pytest

from services.common.keys.service import Scope
from tests.fixtures.saying import Say
from tests.fixtures.serving import Api, assert_problem


class TestPut:
    def test_sets_the_vote_with_its_note(self, say: Say) -> None:
        told = say.put(0, 1, "fear", note="eyes\nwide", blind=True, version=0).json()
        assert (told["item_id"], told["face_index"], told["version"]) == (say.item(0), 1, 1)
        assert (told["answer"], told["note"], told["blind"]) == ("fear", "eyes\nwide", True)
        assert say.put(0, 1, "anger", version=1).json()["version"] == 2
        assert say.listed() == [(say.item(0), 1, "ada", "anger", 2)]

    def test_a_note_is_another_word_and_silence_keeps_it(self, say: Say) -> None:
        say.put(0, 0, "fear", note="sure?")
        kept = say.put(0, 0, "fear").json()
        assert (kept["version"], kept["note"]) == (1, "sure?")
        cleared = say.put(0, 0, "fear", note="").json()
        assert (cleared["version"], cleared["note"]) == (2, None)

    def test_a_vote_given_meanwhile_is_told_and_kept(self, say: Say) -> None:
        say.put(0, 0, "fear", version=0)
        problem = assert_problem(say.put(0, 0, "anger", version=0), 409, "review-conflict")
        (there,) = problem["current"]
        assert (there["answer"], there["version"]) == ("fear", 1)
        assert problem["errors"][0]["pointer"] == "#/version"
        assert say.listed() == [(say.item(0), 0, "ada", "fear", 1)]

    def test_a_request_repeated_after_a_lost_answer_is_no_conflict(self, say: Say) -> None:
        first = say.put(0, 0, "fear", version=0).json()
        assert say.put(0, 0, "fear", version=0).json() == first

    def test_another_reviewers_vote_is_no_conflict(self, say: Say) -> None:
        say.put(0, 0, "fear", "bob", version=0)
        assert say.put(0, 0, "anger", version=0).status_code == 200

    def test_who_has_once_answered_in_sight_is_blind_no_more(self, say: Say) -> None:
        say.put(0, 0, "fear", blind=False)
        assert say.put(0, 0, "anger", blind=True).json()["blind"] is False
        assert say.put(0, 1, "anger", blind=True).json()["blind"] is True

    @pytest.mark.parametrize(("photo", "face"), [(0, 2), (2, 0), (3, 0)])
    def test_a_face_that_is_not_there(self, say: Say, photo: int, face: int) -> None:
        assert_problem(say.put(photo, face, "fear"), 404, "not-found")

    def test_of_an_erased_job(self, say: Say, reviewing: httpx.Client, path: str) -> None:
        reviewing.delete(path)
        assert_problem(say.put(0, 0, "fear"), 410, "gone")

    def test_of_another_tenant(self, api: Api, say: Say) -> None:
        other = api.client(Scope.REVIEW, tenant="other")
        body = {"reviewer": "ada", "answer": "fear"}
        assert_problem(other.put(say.face(0, 0), json=body), 404, "not-found")


class TestDelete:
    def test_takes_the_vote_back_and_keeps_what_was_said(
        self, say: Say, reviewing: httpx.Client
    ) -> None:
        say.put(0, 0, "fear", blind=True)
        query = {"reviewer": "ada", "version": "1"}
        assert reviewing.delete(say.face(0, 0), params=query).status_code == 204
        assert reviewing.delete(say.face(0, 0), params=query).status_code == 204
        assert say.listed() == []
        again = say.put(0, 0, "anger", version=0, blind=True).json()
        assert (again["version"], again["blind"]) == (3, True)

    def test_of_a_vote_given_meanwhile_is_refused(self, say: Say, reviewing: httpx.Client) -> None:
        say.put(0, 0, "fear")
        say.put(0, 0, "anger")
        query = {"reviewer": "ada", "version": "1"}
        response = reviewing.delete(say.face(0, 0), params=query)
        assert_problem(response, 409, "review-conflict")
        assert say.listed() == [(say.item(0), 0, "ada", "anger", 2)]

    def test_what_was_never_said_cannot_be_put_back(self, say: Say) -> None:
        assert_problem(say.put(0, 0, "withdrawn"), 404, "not-found")


def test_each_is_an_act_of_the_audit(api: Api, say: Say, reviewing: httpx.Client) -> None:
    say.put(0, 0, "fear")
    reviewing.delete(say.face(0, 0), params={"reviewer": "ada"})
    say.undo()
    entries = api.client(Scope.ADMIN).get("/v1/audit").json()["data"]
    acts = [entry["action"] for entry in entries if entry["action"].startswith("review")]
    assert acts == ["reviews.undone", "review.withdrawn", "review.set"]
