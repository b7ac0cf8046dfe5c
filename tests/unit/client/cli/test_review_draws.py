"""``hfer reviews draw`` and ``summary`` against the service in memory."""

import json

from tests.fixtures.fake_service import JOB, FakeService
from tests.fixtures.webhook_answers import ok
from tests.unit.client.cli.conftest import Run
from tests.unit.client.test_reviews import DRAW, FIGURE

FACES = {"item_id": ["itm_7"], "index": [7], "face_index": [2], "probability": [1], "votes": [0]}


def test_draws_and_prints_the_faces_in_their_order(run: Run, service: FakeService) -> None:
    service.upsets.append(ok(DRAW | FACES, 201))
    outcome = run("reviews", "draw", JOB, "--count", 2, "--seed", 7)
    assert "itm_7" in outcome.stdout
    assert "drw_1: 2 of 40 faces, seed 7" in outcome.stderr
    sent = json.loads(service.requests[-1].content)
    assert sent == {"count": 2, "by_expression": False, "seed": 7}


def test_lists_draws_and_shows_one(run: Run, service: FakeService) -> None:
    service.upsets += [ok({"data": [DRAW]}), ok(DRAW | FACES)]
    assert "drw_1" in run("reviews", "draw", JOB).stdout
    told = json.loads(run("reviews", "draw", JOB, "--draw", "drw_1", "--json").stdout)
    assert told["face_index"] == [2]


def test_options_that_say_how_to_draw_need_a_count(run: Run, service: FakeService) -> None:
    assert run("reviews", "draw", JOB, "--seed", 7).code == 2
    assert run("reviews", "draw", JOB, "--count", 1, "--draw", "drw_1").code == 2
    assert service.requests == []


def test_the_summary_shows_figures_and_what_is_enough(run: Run, service: FakeService) -> None:
    undefined = {"value": None, "low": None, "high": None, "n": 0}
    agreement = {"raw": FIGURE, "per_class": {"fear": FIGURE}, "kappa": None, "alpha": undefined}
    service.upsets.append(
        ok(
            {
                "faces": 40,
                "reviewed": 12,
                "reviewers": [{"reviewer": "ada", "votes": 12, "blind": 9}],
                "agreement": agreement,
                "model": {"accuracy": FIGURE, "enough": "About 17 more are enough."},
            }
        )
    )
    outcome = run("reviews", "summary", JOB)
    assert "0.730 to 0.840" in outcome.stdout
    assert "agreement on fear" in outcome.stdout
    assert "12 of 40 faces have a vote." in outcome.stderr
    assert "ada: 12 votes, 9 of them blind" in outcome.stderr
    assert "About 17 more are enough." in outcome.stderr
