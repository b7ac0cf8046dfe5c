"""``hfer reviews set``, ``withdraw``, ``undo`` and ``changes`` against the service in memory."""

import json

import httpx

from tests.fixtures.fake_service import JOB, FakeService
from tests.fixtures.webhook_answers import ok
from tests.unit.client.cli.conftest import Run

SAID = {"item_id": "itm_0", "face_index": 1, "reviewer": "ada", "answer": "fear", "version": 3}


def test_sets_a_vote(run: Run, service: FakeService) -> None:
    service.upsets.append(ok(SAID))
    given = ("reviews", "set", JOB, "itm_0", 1, "fear", "--reviewer", "ada", "--note", "sure?")
    outcome = run(*given, "--blind", "--json")
    assert "ada says fear, version 3" in outcome.stderr
    assert json.loads(outcome.stdout)["version"] == 3
    sent = json.loads(service.requests[-1].content)
    assert sent == {"reviewer": "ada", "answer": "fear", "blind": True, "note": "sure?"}


def test_takes_a_vote_back(run: Run, service: FakeService) -> None:
    service.upsets.append(httpx.Response(204))
    assert run("reviews", "withdraw", JOB, "itm_0", 1, "--reviewer", "ada").code == 0
    assert service.requests[-1].method == "DELETE"


def test_undoes_a_change_or_says_that_there_is_none(run: Run, service: FakeService) -> None:
    service.upsets.append(ok({"change_id": "chg_1", "undone": 30, "reviews": []}))
    assert "Undone on 30 faces" in run("reviews", "undo", JOB, "--reviewer", "ada").stderr
    service.upsets.append(ok({"change_id": None, "undone": 0, "reviews": []}))
    assert "Nothing to undo" in run("reviews", "undo", JOB, "--reviewer", "ada").stderr


def test_lists_changes(run: Run, service: FakeService) -> None:
    change = {"change_id": "chg_1", "reviewer": "ada", "answers": {"fear": 30, "anger": 1}}
    service.upsets.append(ok({"data": [change]}))
    assert "30 fear, 1 anger" in run("reviews", "changes", JOB).stdout
