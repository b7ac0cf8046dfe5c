"""Results carry what people say beside the model's answer, by every way they are read."""

import csv
import io
from typing import Any

import httpx

from tests.fixtures.saying import Say


def told(response: httpx.Response) -> list[Any]:
    photos = response.raise_for_status().json()["data"]
    return [[face["reviewed"] for face in photo["faces"]] for photo in photos]


FEAR = {"answer": "fear", "votes": 2, "differs": True}


def test_items_and_results_tell_what_most_say(reviewing: httpx.Client, path: str, say: Say) -> None:
    say.put(0, 1, "fear")
    say.put(0, 1, "fear", "bob")
    said = [[None, FEAR], [None, None], [], []]
    assert told(reviewing.get(f"{path}/items")) == said
    assert told(reviewing.get(f"{path}/results")) == said
    one = reviewing.get(f"{path}/items/{say.item(0)}").json()
    assert one["faces"][1]["reviewed"] == FEAR
    assert one["faces"][1]["top"][0]["label"] == "happiness"
    assert told(reviewing.get(f"{path}/items", params={"index": 0})) == [[None, FEAR]]


def test_a_word_that_was_changed_or_taken_back_does_not_count(
    reviewing: httpx.Client, path: str, say: Say
) -> None:
    say.put(0, 0, "fear")
    say.put(0, 0, "anger")
    say.put(0, 1, "fear")
    say.put(0, 1, "withdrawn")
    (first, *_) = told(reviewing.get(f"{path}/results"))
    assert first == [{"answer": "anger", "votes": 1, "differs": True}, None]


def test_a_tie_is_no_answer(reviewing: httpx.Client, path: str, say: Say) -> None:
    say.put(0, 0, "fear")
    say.put(0, 0, "anger", "bob")
    (first, *_) = told(reviewing.get(f"{path}/results"))
    assert first == [{"answer": None, "votes": 2, "differs": False}, None]


def test_the_table_has_it_last_and_is_the_same_until_somebody_votes(
    reviewing: httpx.Client, path: str, say: Say
) -> None:
    say.put(0, 0, "fear")
    before = reviewing.get(f"{path}/results?format=csv").text
    assert reviewing.get(f"{path}/results?format=csv").text == before
    say.put(1, 0, "happiness")
    rows = list(csv.reader(io.StringIO(reviewing.get(f"{path}/results?format=csv").text)))
    assert [row[-3:] for row in rows[1:4]] == [
        ["fear", "1", "TRUE"],
        ["", "", ""],
        ["happiness", "1", "FALSE"],
    ]


def test_blind_hides_what_the_model_and_others_say(
    reviewing: httpx.Client, path: str, say: Say
) -> None:
    say.put(0, 0, "fear")
    listed = reviewing.get(f"{path}/items?blind=true").json()["data"][0]
    alone = reviewing.get(f"{path}/items/{say.item(0)}?blind=true").json()
    assert listed == alone
    for face in listed["faces"]:
        assert (face["emotions"], face["top"], face["reviewed"]) == ({}, [], None)
        assert (face["margin"], face["uncertain"]) == (0, False)
        assert face["box"]["w"] > 0
