"""Running a job again, with another model or options."""

from datetime import UTC, datetime

import httpx

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.registry.repository import ModelRepository
from tests.fixtures.serving import Api, assert_problem, pointers
from tests.integration.api.test_jobs import path, seed

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
READY = ItemStatus.QUEUED


class TestRerun:
    def test_makes_a_job_of_all_photos_under_their_numbers(
        self, api: Api, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, FAILED, NO_FACE, labels={"a": "1"}, client_ref="r")
        options = {"top_n": 5, "annotated": True, "faces": "whole"}
        wanted = {"options": options, "keep_photos_s": 60, "detector": "retinaface"}
        response = client.post(f"{path(seeded)}/rerun", json=wanted)
        job = response.json()
        assert response.status_code == 202, response.text
        assert response.headers["location"] == job["links"]["self"] != path(seeded)
        assert job["parent_job_id"] == format_id(IdKind.JOB, seeded.job.public_id)
        assert (job["counts"]["total"], job["counts"]["queued"]) == (3, 3)
        assert (job["labels"], job["client_ref"]) == ({"a": "1"}, "r")
        expected = {**options, "min_face_px": 20, "keep_photos_s": 60, "model": None}
        expected["detector"] = "retinaface"
        assert job["config"].items() >= expected.items()
        items = client.get(job["links"]["items"]).json()["data"]
        assert [item["content_sha256"] for item in items] == [
            item.sha256.hex() for item in seeded.items
        ]
        assert len(api.notifier.notified) == 1

    def test_names_the_model_to_answer_with(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE)
        with unit_of_work(sessions) as session:
            model_id = ModelRepository(session).upsert(
                name="mine", version="0.2.0", sha256=bytes(32), manifest="{}"
            )
            session.get_one(Model, model_id).active = False
        job = client.post(f"{path(seeded)}/rerun", json={"model": "mine-0.2.0"}).json()
        assert job["config"]["model"] == "mine-0.2.0+00000000"
        assert job["config"]["detector"] is None
        [listed] = [one for one in client.get("/v1/jobs").json()["data"] if one["id"] == job["id"]]
        assert listed["config"] == job["config"]
        body = assert_problem(
            client.post(f"{path(seeded)}/rerun", json={"model": "mine-0.3.0"}),
            409,
            "model-unavailable",
        )
        assert "GET /v1/models lists those that are" in body["detail"]

    def test_a_photo_that_was_refused_at_the_door_fails_again(self, client: httpx.Client) -> None:
        job = client.post("/v1/jobs", files=[("files", ("a.jpg", b""))]).json()
        again = client.post(job["links"]["rerun"]).json()
        assert (again["status"], again["counts"]["failed"]) == ("failed", 1)
        [item] = client.get(again["links"]["items"]).json()["data"]
        assert item["error"]["code"] == "empty"

    def test_the_same_key_gives_the_same_rerun(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE)
        key = {"Idempotency-Key": "again"}
        first = client.post(f"{path(seeded)}/rerun", headers=key)
        second = client.post(f"{path(seeded)}/rerun", headers=key)
        assert first.json()["id"] == second.json()["id"]
        other = client.post(f"{path(seeded)}/rerun", headers=key, json={"options": {"top_n": 1}})
        assert_problem(other, 422, "idempotency-mismatch")

    def test_refuses_a_job_that_runs(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE, READY)
        assert_problem(client.post(f"{path(seeded)}/rerun"), 409, "job-not-finished")

    def test_refuses_when_the_photos_are_erased(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, inputs_erased_at=datetime.now(UTC))
        body = assert_problem(client.post(f"{path(seeded)}/rerun"), 410, "gone")
        assert "send them as a new job" in body["detail"]

    def test_refuses_what_is_not_valid(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE)
        for wanted, place in (
            ({"keep_photos_s": 86_401}, "#/keep_photos_s"),
            ({"options": {"top_n": 8}}, "#/options/top_n"),
            ({"detectors": "x"}, "#/detectors"),
        ):
            response = client.post(f"{path(seeded)}/rerun", json=wanted)
            assert pointers(assert_problem(response, 422, "validation")) == [place]
