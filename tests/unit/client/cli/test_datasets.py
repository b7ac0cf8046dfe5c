"""``hfer dataset`` against the service in memory."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.fixtures.fake_service import FakeService
from tests.fixtures.webhook_answers import ok, page
from tests.unit.client.cli.conftest import Run

ID = "dst_1"


def dataset(**changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "name": "party",
        "version": 2,
        "state": "ready",
        "failure": None,
        "jobs": ["job_1"],
        "faces": 280,
        "erased": 0,
        "counts": {"train": {"fear": 7, "anger": 5}, "test": {"fear": 3}},
        "left_out": {"not_a_face": 4},
    } | changes


def test_create_waits_until_it_is_ready(run: Run, service: FakeService) -> None:
    building = dataset(state="building", counts={})
    service.upsets.extend([ok(building, 201), ok(building), ok(dataset())])
    outcome = run(
        "dataset", "create", "party", "--from-reviews", "job_1", "--consent", "release forms"
    )
    assert (outcome.code, outcome.stdout.strip()) == (0, ID)
    assert "280 faces (12 train, 3 test); left out: 4 not_a_face" in outcome.stderr
    assert json.loads(service.requests[0].content) == {
        "name": "party",
        "jobs": ["job_1"],
        "consent": "release forms",
    }


def test_one_that_cannot_be_built_says_why(run: Run, service: FakeService) -> None:
    failed = dataset(state="failed", failure="Draw more.", counts={})
    service.upsets.extend([ok(failed, 201), ok(failed)])
    outcome = run("dataset", "create", "party", "--from-reviews", "job_1")
    assert outcome.code == 3
    assert "Draw more." in outcome.stderr


def test_download_leaves_a_whole_file(run: Run, service: FakeService, tmp_path: Path) -> None:
    service.upsets.extend([ok(dataset()), httpx.Response(200, content=b"a tar")])
    target = tmp_path / "party.tar"
    outcome = run("dataset", "download", ID, "--out", target)
    assert (outcome.code, target.read_bytes()) == (0, b"a tar")
    assert f"make finetune DATA={target}" in outcome.stderr
    assert [request.url.path for request in service.requests] == [
        f"/v1/datasets/{ID}",
        f"/v1/datasets/{ID}/archive",
    ]


def test_a_download_that_is_refused_leaves_no_file(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    problem = {"code": "dataset-not-ready", "title": "t", "status": 409, "detail": "Not yet."}
    service.upsets.extend([ok(dataset(state="building")), ok(problem, 409)])
    assert run("dataset", "download", ID, "--out", tmp_path / "party.tar").code != 0
    assert [path.name for path in tmp_path.glob("*party*")] == []


def test_lists_shows_and_deletes(run: Run, service: FakeService) -> None:
    service.upsets.extend([page(dataset(erased=2)), ok(dataset(erased=2)), ok({}, 204)])
    assert "party" in run("dataset", "list", "--name", "party").stdout
    assert service.requests[0].url.params["name"] == "party"
    shown = run("dataset", "show", ID)
    assert "anger" in shown.stdout
    assert "2 erased since" in shown.stderr
    assert run("dataset", "delete", ID).code == 0
    assert service.requests[2].method == "DELETE"
