import json
from pathlib import Path

import httpx
import pytest

from tests.fixtures.fake_service import JOB, FakeService, job_json, photo_json
from tests.unit.client.cli.conftest import Run

PATH = f"/v1/jobs/{JOB}"


def test_a_retry_prints_the_new_id(run: Run, service: FakeService) -> None:
    again = job_json("queued", queued=1) | {"id": "job_again"}
    service.answers["POST", f"{PATH}/retry"] = httpx.Response(202, json=again)
    assert run("retry", JOB).stdout == "job_again\n"


def test_a_retry_that_is_waited_for_ends_as_its_job(run: Run, service: FakeService) -> None:
    service.answers["POST", f"{PATH}/retry"] = httpx.Response(202, json=job_json("queued"))
    service.polls = [job_json("succeeded", succeeded=1, failed=1)]
    assert run("retry", JOB, "--wait").code == 3


def test_summary(run: Run, service: FakeService) -> None:
    one = {"faces": 3, "uncertain": 1, "mean_p": 0.91}
    body = {"faces": 3, "uncertain": 1, "expressions": {"fear": one}}
    service.answers["GET", f"{PATH}/summary"] = httpx.Response(200, json=body)
    assert run("summary", JOB).stdout.splitlines()[1].split() == ["fear", "3", "1", "91%"]
    assert json.loads(run("summary", JOB, "--json").stdout) == body


def test_photos_that_fit(run: Run, service: FakeService) -> None:
    page = {"data": [photo_json(0, "a.jpg", status="failed")], "next_cursor": None}
    service.answers["GET", f"{PATH}/items"] = httpx.Response(200, json=page)
    assert "truncated" in run("photos", JOB, "--status", "failed", "--certain").stdout
    assert dict(service.requests[0].url.params) == {"status": "failed", "uncertain": "false"}


def test_photos_in_an_order_are_asked_for_by_their_numbers(run: Run, service: FakeService) -> None:
    order = {"total": 3, "index": [7, 0, 2], "ratio": [150, 66, 150]}
    service.answers["GET", f"{PATH}/order"] = httpx.Response(200, json=order)
    page = {"data": [photo_json(7, "h.jpg"), photo_json(0, "a.jpg")], "next_cursor": None}
    service.answers["GET", f"{PATH}/items"] = httpx.Response(200, json=page)
    ended = run("photos", JOB, "--sort", "uncertain", "--not-reviewed", "--limit", "2", "--json")
    assert [photo["filename"] for photo in json.loads(ended.stdout)] == ["h.jpg", "a.jpg"]
    asked, listed = (request.url.params for request in service.requests)
    assert (asked["sort"], asked["reviewed"]) == ("uncertain", "false")
    assert listed.get_list("index") == ["7", "0"]


def test_zip(
    run: Run, service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    service.answers["GET", f"{PATH}/artifacts"] = httpx.Response(200, content=b"PK zip")
    assert json.loads(run("zip", JOB, "--json").stdout)["file"] == f"{JOB}.zip"
    assert (tmp_path / f"{JOB}.zip").read_bytes() == b"PK zip"


def test_jobs_by_label(run: Run, service: FakeService) -> None:
    assert run("jobs", "--label", "shoot=7", "--from", "2026-11-23", "--limit", "1").code == 0
    assert service.requests[0].url.params["label.shoot"] == "7"
    assert service.requests[0].url.params["created_after"] == "2026-11-23T00:00:00+00:00"


def test_the_key_in_use(run: Run) -> None:
    assert "jobs:read jobs:submit" in run("keys", "current").stdout
