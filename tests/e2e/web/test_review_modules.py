"""The review mode's modules without a grid: what keys mean, and what is known of votes."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.web.test_grid_modules import modules

__all__ = ["modules"]

IMPORTS = """
const load = (name) => import(`/static/review/${name}.js`);
const [{ reviewOf }, { Votes, keyOf }] = await Promise.all(["keys", "votes"].map(load));
"""


def run(page: Page, body: str, given: Any = None) -> Any:
    return page.evaluate(f"async (given) => {{ {IMPORTS} {body} }}", given)


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        ({"code": "Digit4", "key": "'"}, {"say": "happiness"}),  # a French keyboard
        ({"code": "Numpad8", "key": "8"}, {"say": "not_a_face"}),
        ({"code": "Digit0", "key": "0"}, {"say": "withdrawn"}),
        ({"code": "KeyZ", "key": "y"}, {"act": "undo"}),  # a German one
        ({"code": "KeyZ", "key": "z", "ctrlKey": True}, {"act": "undo"}),
        ({"code": "KeyC", "key": "c"}, {"act": "confirm"}),
        ({"code": "KeyC", "key": "c", "ctrlKey": True}, None),
        ({"code": "Digit1", "key": "1", "ctrlKey": True}, None),
        ({"code": "Digit1", "key": "1", "altKey": True}, None),
        ({"code": "Numpad3", "key": "PageDown"}, None),
    ],
)
def test_what_a_key_means(modules: Page, event: Any, meaning: Any) -> None:
    assert run(modules, "return reviewOf(given)", event) == meaning


def test_what_was_said_here_stays_over_what_arrives_late(modules: Page) -> None:
    assert run(
        modules,
        """const votes = new Votes();
        const [a, b] = [keyOf(3, 0), keyOf(3, 1)];
        const unknown = votes.version(a);
        votes.arrived([3], [[3, 1, "fear", 2, null]]);
        const known = [votes.version(a), votes.version(b)];
        votes.say(b, "anger", null, "act");
        votes.arrived([3], [[3, 1, "fear", 2, null]]);
        const shown = votes.get(b).answer;
        votes.answered("act", [[3, 1, "anger", 3, null]]);
        votes.arrived([3], [[3, 1, "fear", 2, null]]);
        return [unknown, known, shown, votes.get(b), votes.knows(keyOf(4, 0))]""",
    ) == [
        None,
        [0, 2],
        "anger",
        {"answer": "anger", "version": 3, "note": None, "act": None},
        False,
    ]
