"""Watching, listing, cancelling, retrying and erasing jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from services.common.db.erasure_tables import Erasure
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, DoomedPrefix, Item, Job, Outcome
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus, JobStatus
from services.common.jobs.queue.repositories.turns import TurnRepository
from services.common.keys.service import Scope
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_key
from tests.fixtures.jobs import MODEL_VERSION, SeededJob, seed_job
from tests.fixtures.serving import Api, assert_problem, pointers

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
READY, RUNNING, CANCELLED = ItemStatus.QUEUED, ItemStatus.RUNNING, ItemStatus.CANCELLED


def seed(sessions: SessionFactory, *statuses: ItemStatus, **columns: Any) -> SeededJob:
    with unit_of_work(sessions) as session:
        return seed_job(session, statuses, **columns)


def path(seeded: SeededJob) -> str:
    return f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"


class TestGet:
    def test_tells_counts_progress_and_the_model(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, NO_FACE, FAILED, READY, RUNNING, CANCELLED, DONE, DONE)
        response = client.get(path(seeded))
        job = response.json()
        assert job["counts"] == {
            "total": 8, "queued": 1, "running": 1, "succeeded": 3, "no_face": 1, "failed": 1,
            "cancelled": 1,
        }  # fmt: skip
        assert (job["status"], job["progress"]) == ("running", 0.75)
        assert job["eta_seconds"] == pytest.approx(10 / 6 * 2, rel=0.3)
        assert job["model"] == {"version": MODEL_VERSION}
        assert int(response.headers["retry-after"]) >= 1
        assert job["created_at"].endswith("Z")

    def test_a_queued_job_tells_its_place_among_the_tenants_own(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        running, first, second = (
            seed(sessions, *statuses) for statuses in ((RUNNING, READY), (READY,), (READY, READY))
        )
        with unit_of_work(sessions) as session:
            TurnRepository(session).mark(running.job.id)
        shown = [client.get(path(job)).json() for job in (running, first, second)]
        assert [job["queue_position"] for job in shown] == [None, 1, 2]
        listed = client.get("/v1/jobs").json()["data"]
        assert [job["queue_position"] for job in listed] == [2, 1, None]

    def test_a_final_job_asks_for_no_other_look(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        response = client.get(path(seed(sessions, DONE)))
        assert "retry-after" not in response.headers
        assert response.json()["status"] == "succeeded"

    def test_answers_304_until_something_changes(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, READY)
        first = client.get(path(seeded))
        known = {"If-None-Match": first.headers["etag"]}
        same = client.get(path(seeded), headers=known)
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == first.headers["etag"]
        assert same.headers["retry-after"]
        with unit_of_work(sessions) as session:
            item = session.get_one(Item, seeded.items[1].id)
            item.state = 1
        assert client.get(path(seeded), headers=known).status_code == 200

    @pytest.mark.parametrize(
        "job_id", ["job_", "job_xyz", "itm_" + "0" * 32, "job_" + "0" * 32, "%00", "1"]
    )
    def test_any_other_id_is_not_found(self, client: httpx.Client, job_id: str) -> None:
        assert_problem(client.get(f"/v1/jobs/{job_id}"), 404, "not-found")

    def test_an_unsealed_job_is_not_shown(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, READY, status=JobStatus.OPEN)
        assert_problem(client.get(path(seeded)), 404, "not-found")


class TestList:
    def test_pages_are_stable_while_jobs_come(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        moment = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
        # Three share a creation time: the id decides.
        times = [moment, moment, moment, moment + timedelta(seconds=1), moment]
        expected = [path(seed(sessions, DONE, created_at=at)) for at in times]
        expected = [expected[3], expected[4], expected[2], expected[1], expected[0]]
        url: str | None = "/v1/jobs?limit=2"
        seen: list[str] = []
        while url is not None:
            response = client.get(url)
            page = response.json()
            seen += [job["links"]["self"] for job in page["data"]]
            assert page["has_more"] == (page["next_cursor"] is not None)
            url = response.links["next"]["url"] if "next" in response.links else None
            seed(sessions, DONE)  # newer than all: on no later page
        assert seen == expected

    def test_operators_see_those_of_others_and_of_all(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        jobs = {tenant: path(seed(sessions, DONE, tenant=tenant)) for tenant in ("a", "b", "ops")}
        seed(sessions, READY, tenant="a", status=JobStatus.OPEN)
        admin = api.client(Scope.ADMIN, tenant="ops")

        def listed(client: httpx.Client, **query: str) -> list[str]:
            return [
                job["links"]["self"] for job in client.get("/v1/jobs", params=query).json()["data"]
            ]

        assert listed(admin) == [jobs["ops"]]
        assert listed(admin, tenant="a") == [jobs["a"]]
        assert listed(admin, tenant="*") == list(reversed(jobs.values()))
        page = admin.get("/v1/jobs", params={"tenant": "*", "limit": "2"}).json()
        assert [job["tenant"] for job in page["data"]] == ["ops", "b"]
        assert listed(admin, tenant="*", cursor=page["next_cursor"]) == [jobs["a"]]
        assert listed(api.client(tenant="a"), tenant="a") == [jobs["a"]]

    @pytest.mark.parametrize("tenant", ["b", "nobody", "*"])
    def test_others_are_refused_them_whether_they_exist_or_not(
        self, client: httpx.Client, sessions: SessionFactory, tenant: str
    ) -> None:
        seed(sessions, DONE, tenant="b")
        answer = client.get("/v1/jobs", params={"tenant": tenant})
        assert_problem(answer, 403, "insufficient-scope")

    def test_filters_narrow(self, client: httpx.Client, sessions: SessionFactory) -> None:
        old = datetime(2026, 1, 1, tzinfo=UTC)
        running = path(seed(sessions, RUNNING, labels={"a": "1", "b": "2"}))
        done = path(seed(sessions, DONE, labels={"a": "1"}, client_ref="r"))
        ancient = path(seed(sessions, DONE, created_at=old))

        def listed(query: str) -> set[str]:
            page = client.get(f"/v1/jobs?{query}").json()
            return {job["links"]["self"] for job in page["data"]}

        assert listed("") == {running, done, ancient}
        assert listed("status=running") == {running}
        assert listed("client_ref=r") == {done}
        assert listed("label.a=1") == {running, done}
        assert listed("label.a=1&label.b=2") == {running}
        assert listed("label.a=2") == set()
        assert listed(f"parent_job_id={running.rpartition('/')[2]}") == set()
        assert listed("created_before=2026-02-01T00:00:00Z") == {ancient}
        assert listed("created_after=2026-02-01T00:00:00%2B01:00") == {running, done}
        assert listed("unknown=1") == {running, done, ancient}

    def test_a_search_finds_parts_of_labels_and_references(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        fair = path(seed(sessions, DONE, labels={"name": "Summer Fair 2026", "site": "b_1"}))
        other = path(seed(sessions, DONE, labels={"site": "bx1"}, client_ref="order-7"))
        seed(sessions, DONE, labels={"name": "Summer Fair"}, tenant="b")

        def listed(words: str, **more: str) -> list[str]:
            page = client.get("/v1/jobs", params={"q": words, **more}).json()
            return [job["links"]["self"] for job in page["data"]]

        assert listed("mmer FAIR") == [fair]
        assert listed("er") == [other, fair]
        assert listed("b_") == [fair]
        assert listed("ORDER") == [other]
        assert listed("name") == listed("fair", status="running") == []
        page = client.get("/v1/jobs", params={"q": "er", "limit": 1}).json()
        assert listed("er", cursor=page["next_cursor"]) == [fair]

    def test_those_made_of_a_job_are_found(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        parent = seed(sessions, DONE)
        child = seed(sessions, DONE, parent_id=parent.job.id)
        answer = client.get("/v1/jobs", params={"parent_job_id": path(parent).rpartition("/")[2]})
        assert [job["links"]["self"] for job in answer.json()["data"]] == [path(child)]

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("status=open", "#/query/status"),
            ("limit=0", "#/query/limit"),
            ("limit=201", "#/query/limit"),
            ("limit=x", "#/query/limit"),
            ("cursor=nonsense", "#/query/cursor"),
            ("cursor=" + "x" * 300, "#/query/cursor"),
            ("created_after=yesterday", "#/query/created_after"),
            ("created_after=2026-01-01T00:00:00", "#/query/created_after"),
            ("label.a=%00", "#/query/label.a"),
            ("client_ref=%00", "#/query/client_ref"),
            ("parent_job_id=x", "#/query/parent_job_id"),
            ("q=", "#/query/q"),
        ],
    )
    def test_bad_parameters_are_pointed_at(
        self, client: httpx.Client, query: str, pointer: str
    ) -> None:
        body = assert_problem(client.get(f"/v1/jobs?{query}"), 422, "validation")
        assert pointers(body) == [pointer]


def fail_by(sessions: SessionFactory, code: str, seeded: SeededJob, *seqs: int) -> None:
    """Let these photos of a job have failed for another reason than their own bytes."""
    ids = [seeded.items[seq].id for seq in seqs]
    with unit_of_work(sessions) as session:
        session.execute(update(Outcome).where(Outcome.item_id.in_(ids)).values(error_code=code))


class TestCancel:
    def test_moves_an_active_job_to_cancelling(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, READY)
        for _ in range(2):
            response = client.post(f"{path(seeded)}/cancel")
            assert response.status_code == 202
            assert response.json()["status"] == "cancelling"
        with sessions() as session:
            assert session.get_one(Job, seeded.job.id).cancel_requested_at is not None

    def test_a_cancelled_job_is_fine(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded = seed(sessions, CANCELLED, status=JobStatus.CANCELLED)
        response = client.post(f"{path(seeded)}/cancel")
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")

    @pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.EXPIRED])
    def test_another_final_job_is_refused(
        self, client: httpx.Client, sessions: SessionFactory, status: JobStatus
    ) -> None:
        seeded = seed(sessions, DONE, status=status)
        assert_problem(client.post(f"{path(seeded)}/cancel"), 409, "job-final")


class TestRetry:
    def test_makes_a_job_of_the_failed_photos(
        self, api: Api, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        labelled = {"labels": {"a": "1"}, "client_ref": "r"}
        seeded = seed(sessions, DONE, FAILED, NO_FACE, FAILED, FAILED, **labelled)
        fail_by(sessions, "time_limit", seeded, 1, 3)
        assert client.get(f"{path(seeded)}/facets").json()["retryable"] == 2
        response = client.post(f"{path(seeded)}/retry")
        job = response.json()
        assert response.status_code == 202
        assert response.headers["location"] == job["links"]["self"] != path(seeded)
        assert job["parent_job_id"] == format_id(IdKind.JOB, seeded.job.public_id)
        assert (job["counts"]["total"], job["counts"]["queued"]) == (2, 2)
        assert (job["labels"], job["client_ref"]) == ({"a": "1"}, "r")
        items = client.get(job["links"]["items"]).json()["data"]
        assert [item["content_sha256"] for item in items] == [
            seeded.items[seq].sha256.hex() for seq in (1, 3)
        ]
        assert [item["filename"] for item in items] == ["photo-1.jpg", "photo-3.jpg"]
        assert len(api.notifier.notified) == 1
        assert client.get(path(seeded)).json()["counts"]["failed"] == 3

    def test_the_same_key_gives_the_same_retry(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        one, other = seed(sessions, FAILED), seed(sessions, FAILED)
        fail_by(sessions, "internal", one, 0)
        fail_by(sessions, "internal", other, 0)
        key = {"Idempotency-Key": "again"}
        first = client.post(f"{path(one)}/retry", headers=key)
        second = client.post(f"{path(one)}/retry", headers=key)
        assert first.json()["id"] == second.json()["id"]
        assert second.headers["idempotency-replayed"] == "true"
        foreign = client.post(f"{path(other)}/retry", headers=key)
        assert_problem(foreign, 422, "idempotency-mismatch")

    def test_a_key_of_before_finds_the_retry_that_took_damaged_photos_along(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, FAILED, FAILED)
        fail_by(sessions, "time_limit", seeded, 0, 1)
        key = {"Idempotency-Key": "again"}
        first = client.post(f"{path(seeded)}/retry", headers=key).json()
        for damaged in (1, 0):
            fail_by(sessions, "decode_failed", seeded, damaged)
            again = client.post(f"{path(seeded)}/retry", headers=key)
            assert again.json()["id"] == first["id"]

    def test_refuses_a_job_that_runs(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded = seed(sessions, FAILED, READY)
        assert_problem(client.post(f"{path(seeded)}/retry"), 409, "job-not-finished")

    def test_refuses_without_a_failed_photo(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, NO_FACE)
        assert_problem(client.post(f"{path(seeded)}/retry"), 409, "nothing-to-retry")

    def test_refuses_photos_that_are_at_fault_themselves(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, FAILED)
        [item] = client.get(f"{path(seeded)}/items").json()["data"]
        assert item["error"]["retryable"] is False
        assert_problem(client.post(f"{path(seeded)}/retry"), 409, "nothing-to-retry")
        assert client.get(f"{path(seeded)}/facets").json()["retryable"] == 0

    def test_refuses_photos_that_were_never_stored(self, client: httpx.Client) -> None:
        job = client.post("/v1/jobs", files={"files": ("a.jpg", b"")}).json()
        assert_problem(client.post(job["links"]["retry"]), 409, "nothing-to-retry")

    def test_refuses_when_the_photos_are_erased(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, FAILED, inputs_erased_at=datetime.now(UTC))
        fail_by(sessions, "internal", seeded, 0)
        assert_problem(client.post(f"{path(seeded)}/retry"), 410, "gone")
        assert client.get(f"{path(seeded)}/facets").json()["retryable"] == 0


class TestDelete:
    @pytest.mark.parametrize(
        "statuses", [(DONE, FAILED), (RUNNING, READY)], ids=["final", "running"]
    )
    def test_erases_rows_photos_and_pictures(
        self,
        client: httpx.Client,
        sessions: SessionFactory,
        storage: ObjectStorage,
        statuses: tuple[ItemStatus, ...],
    ) -> None:
        import io

        seeded = seed(sessions, *statuses)
        neighbour = seed(sessions, DONE)
        picture = annotated_key(seeded.job.public_id, seeded.items[0].public_id)
        storage.put(picture, io.BytesIO(b"x"), size=1, content_type="image/jpeg")
        assert client.delete(path(seeded)).status_code == 204
        with sessions() as session:
            assert session.scalars(select(Job.id)).all() == [neighbour.job.id]
            assert session.scalars(select(Item.job_id)).all() == [neighbour.job.id]
            assert session.scalar(select(func.count()).select_from(Outcome)) == 1
            scheduled = set(session.scalars(select(DoomedObject.object_key)))
            assert scheduled == {item.object_key for item in seeded.items}
            prefix = session.scalars(select(DoomedPrefix.prefix)).one()
            assert picture.startswith(prefix)
            tombstone = session.get_one(Erasure, seeded.job.public_id)
            assert (tombstone.tenant, tombstone.photos) == ("default", 2)

    def test_answers_410_afterwards(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE)
        item = format_id(IdKind.ITEM, seeded.items[0].public_id)
        client.delete(path(seeded))
        for route in ("", "/items", f"/items/{item}", "/results", f"/items/{item}/annotated"):
            assert_problem(client.get(path(seeded) + route), 410, "gone")
        for route in ("/cancel", "/retry"):
            assert_problem(client.post(path(seeded) + route), 410, "gone")

    def test_a_second_time_is_fine(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE)
        assert [client.delete(path(seeded)).status_code for _ in range(2)] == [204, 204]

    def test_what_never_was_is_not_found(self, client: httpx.Client) -> None:
        assert_problem(client.delete(f"/v1/jobs/job_{'0' * 32}"), 404, "not-found")

    def test_leaves_a_retry_of_it_alive(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, FAILED)
        fail_by(sessions, "internal", seeded, 0)
        child = client.post(f"{path(seeded)}/retry").json()
        client.delete(path(seeded))
        assert client.get(child["links"]["self"]).json()["parent_job_id"] is None

    def test_frees_the_idempotency_key(self, client: httpx.Client) -> None:
        request: dict[str, Any] = {
            "files": {"files": ("a.jpg", b"x")},
            "headers": {"Idempotency-Key": "k"},
        }
        first = client.post("/v1/jobs", **request).json()
        client.delete(first["links"]["self"])
        second = client.post("/v1/jobs", **request)
        assert "idempotency-replayed" not in second.headers
        assert second.json()["id"] != first["id"]
