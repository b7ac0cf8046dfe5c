"""Undoing what one request said, and reviews in bulk with versions."""

import httpx

from tests.fixtures.saying import Say
from tests.fixtures.serving import assert_problem


def changes(client: httpx.Client, path: str) -> list[tuple[dict[str, int], bool]]:
    data = client.get(f"{path}/reviews/changes", params={"reviewer": "ada"}).json()["data"]
    return [(change["answers"], change["undone"]) for change in data]


class TestUndo:
    def test_takes_back_all_of_one_request_in_one_step(self, say: Say) -> None:
        say.send(say.one(0, 0, "fear", note="first"))
        say.send(say.one(1, 1, "fear", "bob"))
        faces = [(0, 0), (0, 1), (1, 0)]
        sent = say.send(*(say.one(photo, face, "anger") for photo, face in faces)).json()
        told = say.undo()
        assert told["undone"] == 3
        assert told["change_id"] == sent["reviews"][0]["change_id"]
        now = [(word["answer"], word["note"], word["version"]) for word in told["reviews"]]
        assert now == [("fear", "first", 3), ("withdrawn", None, 2), ("withdrawn", None, 2)]
        assert say.listed() == [
            (say.item(0), 0, "ada", "fear", 3),
            (say.item(1), 1, "bob", "fear", 1),
        ]

    def test_again_goes_one_change_further_back(self, say: Say) -> None:
        for answer in ("fear", "anger", "sadness"):
            say.put(0, 0, answer)
        assert [word["answer"] for _ in range(3) for word in say.undo()["reviews"]] == [
            *("anger", "fear", "withdrawn")
        ]
        assert say.undo() == {"change_id": None, "undone": 0, "reviews": []}

    def test_by_its_id_is_done_once(self, say: Say) -> None:
        say.put(0, 0, "fear")
        change = say.put(0, 0, "anger").json()["change_id"]
        assert say.undo(change_id=change)["undone"] == 1
        again = say.undo(change_id=change)
        assert (again["undone"], again["reviews"][0]["answer"]) == (0, "fear")

    def test_leaves_what_was_said_since(self, say: Say) -> None:
        bulk = say.send(say.one(0, 0, "anger"), say.one(0, 1, "anger")).json()
        say.put(0, 0, "sadness")
        told = say.undo(change_id=bulk["reviews"][0]["change_id"])
        assert told["undone"] == 1
        assert say.listed() == [(say.item(0), 0, "ada", "sadness", 2)]

    def test_is_of_the_reviewers_own(self, say: Say, reviewing: httpx.Client, path: str) -> None:
        change = say.put(0, 0, "fear", "bob").json()["change_id"]
        assert say.undo()["undone"] == 0
        body = {"reviewer": "ada", "change_id": change}
        assert_problem(reviewing.post(f"{path}/reviews/undo", json=body), 404, "not-found")

    def test_a_blind_vote_that_is_restored_is_blind(self, say: Say) -> None:
        say.put(0, 0, "fear", blind=True)
        say.put(0, 0, "anger", blind=False)
        assert say.undo()["reviews"][0]["blind"] is True


def test_changes_are_told_after_a_reload(say: Say, reviewing: httpx.Client, path: str) -> None:
    say.send(say.one(0, 0, "fear"), say.one(0, 1, "fear"), say.one(1, 1, "fear", "bob"))
    say.put(1, 0, "anger")
    say.undo()
    assert changes(reviewing, path) == [({"anger": 1}, True), ({"fear": 2}, False)]


class TestBulk:
    def test_tells_the_version_of_each(self, say: Say) -> None:
        say.put(0, 1, "fear")
        said = say.one(0, 1, "anger", version=1), say.one(0, 0, "anger", version=0)
        reviews = say.send(*said).json()["reviews"]
        assert [(word["face_index"], word["version"]) for word in reviews] == [(1, 2), (0, 1)]

    def test_one_that_was_given_anew_stops_all(self, say: Say) -> None:
        say.put(0, 1, "fear")
        said = say.one(0, 0, "anger", version=0), say.one(0, 1, "anger", version=0)
        problem = assert_problem(say.send(*said), 409, "review-conflict")
        assert [error["pointer"] for error in problem["errors"]] == ["#/reviews/1/version"]
        assert [word["answer"] for word in problem["current"]] == ["fear"]
        assert len(say.listed()) == 1

    def test_takes_votes_back(self, say: Say) -> None:
        say.put(0, 0, "fear")
        withdrawn = say.one(0, 0, "withdrawn", version=1), say.one(0, 1, "withdrawn", version=0)
        assert say.count(*withdrawn) == (1, 1)
        assert say.listed() == []
