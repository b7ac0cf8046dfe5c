"""Everything that 50556b5 could tell is told by today's service, on the migrated snapshot."""

import json
from typing import Any

import httpx
import pytest

from tests.e2e.upgrade.reading import Answer, Reading, differences
from tests.e2e.upgrade.snapshot import ANSWERS

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

# GET operations that came after 50556b5. Each is read here, on what that commit left: path
# template to a path with ids of the snapshot and the status that it must have.
NEWER: dict[str, tuple[str, int]] = {
    "/v1/audit": ("/v1/audit", 200),
    "/v1/erasures": ("/v1/erasures", 200),
    "/v1/erasures/keys": ("/v1/erasures/keys", 200),
    # The job is another tenant's than the admin's, here and below.
    "/v1/erasures/{job_id}": ("/v1/erasures/job_01a2290f53da7b6c955c209606a17233", 404),
    "/v1/tenants": ("/v1/tenants", 200),
    "/v1/tenants/{tenant}": ("/v1/tenants/default", 200),
    "/v1/usage": ("/v1/usage", 200),
    "/v1/datasets": ("/v1/datasets", 200),
    "/v1/datasets/{dataset_id}": (f"/v1/datasets/dst_{'0' * 32}", 404),
    "/v1/datasets/{dataset_id}/archive": (f"/v1/datasets/dst_{'0' * 32}/archive", 404),
    "/v1/jobs/{job_id}/counts": ("/v1/jobs/job_01a2290f53da7b6c955c209606a17233/counts", 404),
    "/v1/jobs/{job_id}/order": ("/v1/jobs/job_01a2290f53da7b6c955c209606a17233/order", 404),
    "/v1/jobs/{job_id}/facets": ("/v1/jobs/job_01a2290f53da7b6c955c209606a17233/facets", 404),
    "/v1/jobs/{job_id}/crops": (
        "/v1/jobs/job_01a2290f53da7b6c955c209606a17233/crops?face=0.0",
        404,
    ),
    "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/crop": (
        "/v1/jobs/job_01a2290f53da7b6c955c209606a17233/items/itm_0/faces/0/crop",
        404,
    ),
    "/v1/jobs/{job_id}/diff": ("/v1/jobs/job_01a2290f53da7b6c955c209606a17233/diff", 404),
    "/v1/jobs/{job_id}/reviews": ("/v1/jobs/job_01a2290f53da7b6c955c209606a17233/reviews", 404),
    "/v1/jobs/{job_id}/reviews/changes": (
        "/v1/jobs/job_01a2290f53da7b6c955c209606a17233/reviews/changes",
        404,
    ),
    "/v1/jobs/{job_id}/reviews/summary": (
        "/v1/jobs/job_01a2290f53da7b6c955c209606a17233/reviews/summary",
        404,
    ),
    "/v1/jobs/{job_id}/draws": ("/v1/jobs/job_01a2290f53da7b6c955c209606a17233/draws", 404),
    "/v1/jobs/{job_id}/draws/{draw_id}": (
        "/v1/jobs/job_01a2290f53da7b6c955c209606a17233/draws/drw_01a2290f53da7b6c955c209606a17233",
        404,
    ),
    "/v1/reviews": ("/v1/reviews", 200),
    "/v1/reviews/votes": ("/v1/reviews/votes", 200),
}

TEMPLATES = sorted({stored["request"]["template"] for stored in json.loads(ANSWERS.read_text())})
STATES = {"queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_old_answers_are_the_same_but_for_new_members(
    template: str, recorded: list[Reading], answers: list[Answer]
) -> None:
    found = [
        f"{old.request.path} ({old.request.key}): {difference}"
        for old, new in zip(recorded, answers, strict=True)
        if old.request.template == template
        for difference in compared(old.answer, new, template)
    ]
    assert not found, "\n".join(found)


def compared(old: Answer, new: Answer, template: str) -> list[str]:
    """Status and media type too; without a worker `/readyz` is 503 then and now."""
    heads = ((old.status, new.status), (old.type, new.type))
    wrong = [f"{before} became {after}" for before, after in heads if before != after]
    return wrong or list(differences(old.body, new.body, template=template))


def test_every_operation_that_reads_is_read(api: httpx.Client) -> None:
    """A new one wants a line in `NEWER`."""
    document = api.get("/openapi.json").json()
    reading = {path for path, methods in document["paths"].items() if "get" in methods}
    assert reading - set(TEMPLATES) - set(NEWER) == set()


def test_operations_that_came_later_read_what_was_there(api: httpx.Client, facts: Any) -> None:
    bearer = {"Authorization": f"Bearer {facts.keys['admin']}"}
    found = {path: api.get(path, headers=bearer).status_code for path, _ in NEWER.values()}
    assert found == dict(NEWER.values())


def test_the_snapshot_holds_a_job_in_every_state(recorded: list[Reading]) -> None:
    """Else the tests above would promise less than they seem to."""
    bodies = [reading.answer for reading in recorded if reading.request.key == "user"]
    states = {
        body.body["status"]
        for body in bodies
        if body.status == 200 and isinstance(body.body, dict) and body.body.get("object") == "job"
    }
    assert states == STATES
    statuses = {reading.answer.status for reading in recorded}
    assert {200, 204, 401, 403, 404, 409, 410, 503} <= statuses


class TestDifferences:
    """Else a comparison that sees nothing would go unnoticed."""

    def test_sees_a_member_that_is_gone(self) -> None:
        assert self.of({"a": {"b": 1}}, {"a": {}}) == ["a.b was 1 and is gone"]

    def test_sees_a_value_that_changed(self) -> None:
        assert self.of([{"p": 0.5}], [{"p": 0.25}]) == ["0.p was 0.5 and is 0.25"]

    def test_sees_a_type_that_changed(self) -> None:
        assert self.of({"n": 1}, {"n": True}) == ["n was 1 and is True"]

    def test_sees_a_list_of_another_length(self) -> None:
        assert len(self.of({"data": [1]}, {"data": [1, 2]})) == 1

    def test_allows_new_members_and_what_is_volatile(self) -> None:
        assert not self.of({"eta_seconds": 1.0, "a": 1}, {"eta_seconds": 2.0, "a": 1, "b": 2})

    @staticmethod
    def of(old: Any, new: Any) -> list[str]:
        return list(differences(old, new, template="/v1/jobs"))
