"""`hfer rerun` and `hfer diff`."""

import csv
import io
import json

import httpx
import pytest

from services.api.jobs.results.diff_examples import DIFF_EXAMPLE
from tests.fixtures.fake_service import JOB, FakeService, job_json, problem
from tests.unit.client.cli.conftest import Run

PATH = f"/v1/jobs/{JOB}"


@pytest.fixture
def changed(service: FakeService) -> FakeService:
    lone = {**DIFF_EXAMPLE["data"][0], "filename": "=1+1.jpg", "iou": None, "other": None}
    body = {**DIFF_EXAMPLE, "data": [*DIFF_EXAMPLE["data"], lone], "next_cursor": None}
    service.answers["GET", f"{PATH}/diff"] = httpx.Response(200, json=body)
    return service


def test_a_rerun_asks_for_model_and_options_and_prints_the_new_id(
    run: Run, service: FakeService
) -> None:
    again = job_json("queued", queued=1) | {"id": "job_again"}
    service.answers["POST", f"{PATH}/rerun"] = httpx.Response(202, json=again)
    options = ("--model", "mine-0.2.0", "--top-n", "5", "--keep-photos", "2")
    assert run("rerun", JOB, *options).stdout == "job_again\n"
    assert json.loads(service.sent("POST")[0].content) == {
        "model": "mine-0.2.0",
        "keep_photos_s": 7_200,
        "options": {"top_n": 5},
    }
    assert service.sent("POST")[0].headers["Idempotency-Key"]


def test_a_rerun_that_cannot_be_says_why(run: Run, service: FakeService) -> None:
    service.answers["POST", f"{PATH}/rerun"] = problem(409, "model-unavailable")
    outcome = run("rerun", JOB, "--model", "mine-0.3.0")
    assert outcome.code != 0
    assert "model-unavailable" in outcome.stderr


def test_a_diff_tells_sums_and_faces(run: Run, changed: FakeService) -> None:
    text = run("diff", JOB, "job_old").stdout
    assert dict(changed.requests[0].url.params)["with"] == "job_old"
    assert "218, 9 with another first answer" in text
    assert "neutral 0.61" in text
    assert "happiness 0.52" in text
    assert "not found" in text


def test_a_diff_as_csv_and_json(run: Run, changed: FakeService) -> None:
    rows = list(csv.DictReader(io.StringIO(run("diff", JOB, "--format", "csv").stdout)))
    assert "with" not in dict(changed.requests[0].url.params)
    assert (rows[0]["expression"], rows[0]["with_expression"]) == ("neutral", "happiness")
    assert (rows[1]["filename"], rows[1]["with_expression"]) == ("'=1+1.jpg", "")
    document = json.loads(run("diff", JOB, "--json").stdout)
    assert document["totals"]["confusion"] == DIFF_EXAMPLE["totals"]["confusion"]
    assert len(document["changed"]) == 2
