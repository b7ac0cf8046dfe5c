"""Receipts over HTTP."""

import httpx
import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.repositories.receipts import ReceiptRepository
from services.common.keys.service import Scope
from tests.fixtures.jobs import seed_job
from tests.fixtures.serving import Api, assert_problem, pointers


def erased(client: httpx.Client, sessions: SessionFactory, reason: str | None = None) -> str:
    with unit_of_work(sessions) as session:
        job = format_id(IdKind.JOB, seed_job(session).job.public_id)
    query = {} if reason is None else {"reason": reason}
    assert client.delete(f"/v1/jobs/{job}", params=query).status_code == 204
    return job


def test_tells_who_asked_and_why_and_that_the_bucket_is_not_known_to_be_empty(
    client: httpx.Client, sessions: SessionFactory
) -> None:
    job = erased(client, sessions, "as asked")
    receipt = client.get(f"/v1/erasures/{job}").json()
    assert receipt.pop("erased_at").endswith("Z")
    assert receipt == {
        "id": job,
        "object": "erasure",
        "status": "pending",
        "tenant": "default",
        "key": client.get("/v1/api-keys/current").json()["id"],
        "key_name": "a test's",
        "reason": "as asked",
        "job": None,
        "items": None,
        "photos": 1,
        "photos_kept": None,
        "training_faces": 0,
        "reviews": 0,
        "draws": 0,
        "bucket_empty_at": None,
        "signature": None,
    }


@pytest.mark.parametrize("reason", ["", "x" * 201, "a\x00b"])
def test_a_reason_is_bounded(client: httpx.Client, reason: str) -> None:
    answer = client.delete(f"/v1/jobs/job_{'0' * 32}", params={"reason": reason})
    assert pointers(assert_problem(answer, 422, "validation")) == ["#/query/reason"]


def test_each_tenant_sees_its_own_and_operators_all(
    api: Api, client: httpx.Client, sessions: SessionFactory
) -> None:
    jobs = [erased(client, sessions) for _ in range(3)]
    other, admin = api.client(tenant="other"), api.client(Scope.ADMIN, tenant="ops")
    first = client.get("/v1/erasures", params={"limit": "2"}).json()
    assert [receipt["id"] for receipt in first["data"]] == jobs[:0:-1]
    rest = client.get("/v1/erasures", params={"cursor": first["next_cursor"]}).json()
    assert [receipt["id"] for receipt in rest["data"]] == jobs[:1]
    assert_problem(client.get("/v1/erasures", params={"cursor": "W10"}), 422, "validation")
    assert other.get("/v1/erasures").json()["data"] == []
    assert_problem(other.get(f"/v1/erasures/{jobs[0]}"), 404, "not-found")
    assert_problem(
        other.get("/v1/erasures", params={"tenant": "default"}), 403, "insufficient-scope"
    )
    assert admin.get(f"/v1/erasures/{jobs[0]}").json()["id"] == jobs[0]
    assert len(admin.get("/v1/erasures", params={"tenant": "*"}).json()["data"]) == 3


def test_shows_the_public_halves_of_keys(client: httpx.Client, sessions: SessionFactory) -> None:
    assert client.get("/v1/erasures/keys").json() == {"keys": []}
    with unit_of_work(sessions) as session:
        ReceiptRepository(session).add_key(kid="k", public_key=b"\x00" * 32)
        ReceiptRepository(session).add_key(kid="k", public_key=b"\x00" * 32)
    [key] = client.get("/v1/erasures/keys").json()["keys"]
    assert (key["kty"], key["kid"], key["x"]) == ("OKP", "k", "A" * 43)
