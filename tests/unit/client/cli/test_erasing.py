"""`hfer erase`."""

import json

import httpx
import pytest

from tests.fixtures.fake_service import JOB, FakeService, photo_json
from tests.unit.client.cli.conftest import Run

PATH = f"/v1/jobs/{JOB}"


@pytest.fixture(autouse=True)
def erasing(service: FakeService) -> None:
    told = {"erased": 2, "erased_before": 0, "erasure": "ers_1"}
    service.answers["POST", f"{PATH}/items/erase"] = httpx.Response(200, json=told)
    photos = [photo_json(3, "anna.jpg"), photo_json(4, "joanna.jpg"), photo_json(5, "two.jpg")]
    listed = {"data": [*photos, photo_json(6, "two.jpg")], "next_cursor": None}
    service.answers["GET", f"{PATH}/items"] = httpx.Response(200, json=listed)


def test_photos_are_named_by_name_or_id(run: Run, service: FakeService) -> None:
    options = ("--photo", "anna.jpg", "--photo", "itm_9", "--reason", "as asked")
    outcome = run("erase", JOB, *options)
    assert outcome.code == 0, outcome.stderr
    assert json.loads(service.sent("POST")[0].content) == {
        "items": ["itm_3", "itm_9"],
        "index": [],
        "reason": "as asked",
    }
    assert "Erased 2 photos; receipt ers_1" in outcome.stderr


@pytest.mark.parametrize(
    ("name", "why"), [("bob.jpg", "no photo of the name"), ("two.jpg", "say which: itm_5, itm_6")]
)
def test_a_name_of_none_or_of_several_erases_nothing(
    run: Run, service: FakeService, name: str, why: str
) -> None:
    outcome = run("erase", JOB, "--photo", "anna.jpg", "--photo", name)
    assert outcome.code != 0
    assert why in " ".join(outcome.stderr.split())
    assert service.sent("POST") == []
