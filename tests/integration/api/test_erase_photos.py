"""`POST /v1/jobs/{job_id}/items/erase`: what goes, what stays, and what is refused."""

import threading
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from services.common.audit.actions import Action
from services.common.db.audit_tables import AuditEntry
from services.common.db.erasure_tables import Erasure
from services.common.db.face_tables import AnalysedPhoto, Face
from services.common.db.review_tables import FaceReview, ReviewDrawFace
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, DoomedPrefix, Item
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.jobs.lifecycle import erase_photos
from services.common.keys.service import Scope
from services.common.storage_keys import pictures_prefix
from tests.fixtures.fleet import wait_until
from tests.fixtures.jobs import SeededJob
from tests.fixtures.serving import Api, assert_problem, pointers
from tests.integration.api.test_jobs import path, seed
from tests.integration.common.jobs.test_erasures import NONE, WHO, waits_for_a_lock

DONE, NO_FACE, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
CANCELLED, RUNNING = ItemStatus.CANCELLED, ItemStatus.RUNNING


def item_id(seeded: SeededJob, number: int) -> str:
    return format_id(IdKind.ITEM, seeded.items[number].public_id)


def erase(client: httpx.Client, seeded: SeededJob, *numbers: int, **more: Any) -> httpx.Response:
    wanted = {"items": [item_id(seeded, number) for number in numbers], **more}
    return client.post(f"{path(seeded)}/items/erase", json=wanted)


def counted(sessions: SessionFactory, *tables: type) -> list[int]:
    with sessions() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


class TestWhatGoes:
    def test_a_photo_is_listed_as_erased_under_its_number(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE, NO_FACE)
        answer = erase(client, seeded, 1, reason="consent withdrawn")
        assert answer.status_code == 200, answer.text
        told = answer.json()
        receipt = told.pop("erasure")
        assert told == {"object": "erased_photos", "erased": 1, "erased_before": 0}
        first, gone, last = client.get(f"{path(seeded)}/items").json()["data"]
        assert (first["status"], last["status"]) == ("succeeded", "no_face")
        assert (gone["index"], gone["item_id"]) == (1, item_id(seeded, 1))
        assert (gone["status"], gone["error"]["code"]) == ("failed", "erased")
        assert (gone["faces"], gone["image"], gone["model_version"]) == ([], None, None)
        assert (gone["filename"], gone["content_sha256"]) == ("erased", None)
        counts = client.get(path(seeded)).json()["counts"]
        assert (counts["succeeded"], counts["no_face"], counts["failed"]) == (1, 1, 1)
        assert counts["total"] == 3
        found = client.get(f"/v1/erasures/{receipt}").json()
        assert (found["id"], found["status"], found["photos"]) == (receipt, "pending", 1)
        assert found["job"] == format_id(IdKind.JOB, seeded.job.public_id)
        assert (found["items"], found["reason"]) == ([item_id(seeded, 1)], "consent withdrawn")
        assert client.get("/v1/erasures").json()["data"] == [found]

    def test_summary_order_and_facets_know_nothing_of_it(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        erase(client, seeded, 0)
        assert client.get(f"{path(seeded)}/summary").json()["faces"] == 1
        assert client.get(f"{path(seeded)}/order", params={"of": "faces"}).json()["index"] == [1]
        assert counted(sessions, Face, AnalysedPhoto) == [1, 1]

    def test_its_reviews_and_drawn_faces_go_along_and_are_counted(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        client = api.client(Scope.REVIEW, Scope.JOBS_READ, Scope.JOBS_ERASE)
        seeded = seed(sessions, DONE, DONE)
        for number in (0, 1):
            face = f"{path(seeded)}/items/{item_id(seeded, number)}/faces/0/review"
            said = {"reviewer": "ada", "answer": "neutral"}
            assert client.put(face, json=said).status_code == 200
        assert client.post(f"{path(seeded)}/draws", json={"count": 2}).status_code == 201
        receipt = erase(client, seeded, 0).json()["erasure"]
        assert counted(sessions, FaceReview, ReviewDrawFace) == [1, 1]
        told = client.get(f"/v1/erasures/{receipt}").json()
        assert (told["reviews"], told["draws"]) == (1, 1)
        again = client.put(
            f"{path(seeded)}/items/{item_id(seeded, 0)}/faces/0/review",
            json={"reviewer": "ada", "answer": "fear"},
        )
        assert_problem(again, 404, "not-found")
        assert client.post(f"{path(seeded)}/reviews/undo", json={"reviewer": "ada"}).is_success
        assert client.get(f"{path(seeded)}/reviews/summary").is_success

    def test_the_bytes_and_the_pictures_are_listed_for_deletion(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        erase(client, seeded, 0)
        with sessions() as session:
            assert session.scalars(select(DoomedObject.object_key)).all() == [
                seeded.items[0].object_key
            ]
            assert session.scalars(select(DoomedPrefix.prefix)).all() == [
                pictures_prefix(seeded.job.public_id, seeded.items[0].public_id)
            ]

    @pytest.mark.parametrize("kind", ["photo", "annotated"])
    def test_no_picture_of_it_is_drawn(
        self, client: httpx.Client, sessions: SessionFactory, kind: str
    ) -> None:
        seeded = seed(sessions, DONE)
        erase(client, seeded, 0)
        answer = client.get(f"{path(seeded)}/items/{item_id(seeded, 0)}/{kind}")
        assert_problem(answer, 404, "not-found")

    def test_photos_are_named_by_number_as_well(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, FAILED, CANCELLED, DONE)
        answer = erase(client, seeded, 1, index=[1, 2, 2])
        assert answer.json()["erased"] == 2
        counts = client.get(path(seeded)).json()["counts"]
        assert (counts["succeeded"], counts["failed"], counts["cancelled"]) == (2, 2, 0)

    def test_each_photo_has_an_entry_in_the_audit(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        erase(client, seeded, 0, 1)
        with sessions() as session:
            query = select(AuditEntry.object_id).where(AuditEntry.action == Action.PHOTO_ERASED)
            assert set(session.scalars(query)) == {item_id(seeded, 0), item_id(seeded, 1)}


class TestAgain:
    def test_a_second_time_changes_nothing_and_makes_no_receipt(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        erase(client, seeded, 0)
        told = erase(client, seeded, 0).json()
        assert (told["erased"], told["erased_before"], told["erasure"]) == (0, 1, None)
        told = erase(client, seeded, 0, 1).json()
        assert (told["erased"], told["erased_before"]) == (1, 1)
        assert client.get(path(seeded)).json()["counts"]["failed"] == 2

    def test_two_at_once_erase_each_photo_once(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        ids = [item.public_id for item in seeded.items]
        late: list[int] = []

        def second() -> None:
            late.append(erase(client, seeded, 0, 1).json()["erased"])

        with unit_of_work(sessions) as session:
            job = seeded.job.public_id
            erased = erase_photos(session, "default", job, ids[:1], urls_hold=NONE, asked=WHO)
            thread = threading.Thread(target=second)
            thread.start()
            wait_until(lambda: waits_for_a_lock(sessions), timeout_s=60, what="the second waits")
        thread.join()
        assert (erased.items, late) == (ids[:1], [1])
        assert client.get(path(seeded)).json()["counts"]["failed"] == 2

    def test_what_is_broken_off_leaves_everything(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        with pytest.raises(KeyboardInterrupt), unit_of_work(sessions) as session:  # noqa: PT012 - broken off inside
            ids = [item.public_id for item in seeded.items]
            job = seeded.job.public_id
            erase_photos(session, "default", job, ids, urls_hold=NONE, asked=WHO)
            raise KeyboardInterrupt
        assert counted(sessions, Face, DoomedObject, Erasure) == [2, 0, 0]
        assert client.get(path(seeded)).json()["counts"]["succeeded"] == 2


class TestOtherJobs:
    def test_a_rerun_after_it_has_the_photo_as_erased(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        erase(client, seeded, 0)
        rerun = client.post(f"{path(seeded)}/rerun").json()
        first, second = client.get(rerun["links"]["items"]).json()["data"]
        assert (first["status"], first["error"]["code"]) == ("failed", "erased")
        assert second["status"] == "queued"
        assert client.get(f"{rerun['links']['self']}/diff").status_code in {200, 409}

    def test_a_rerun_before_it_keeps_the_photo(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE)
        rerun = client.post(f"{path(seeded)}/rerun").json()
        erase(client, seeded, 0)
        with sessions() as session:
            named = select(func.count()).where(Item.object_key == seeded.items[0].object_key)
            assert session.scalar(named) == 1
        assert client.get(rerun["links"]["items"]).json()["data"][0]["status"] == "queued"

    def test_there_is_nothing_to_retry_of_it(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, FAILED)
        erase(client, seeded, 0)
        assert_problem(client.post(f"{path(seeded)}/retry"), 409, "nothing-to-retry")

    def test_the_receipt_outlives_the_job(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE, DONE)
        receipt = erase(client, seeded, 0).json()["erasure"]
        assert client.delete(path(seeded)).status_code == 204
        assert client.get(f"/v1/erasures/{receipt}").json()["photos"] == 1
        assert_problem(erase(client, seeded, 1), 410, "gone")


class TestRefusals:
    def test_a_job_that_is_not_final(self, client: httpx.Client, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE, RUNNING)
        assert_problem(erase(client, seeded, 0), 409, "job-not-finished")

    def test_of_another_tenant(self, api: Api, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE)
        assert_problem(erase(api.client(tenant="other"), seeded, 0), 404, "not-found")

    def test_one_that_is_no_photo_of_the_job_and_then_none_is_erased(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded, other = seed(sessions, DONE), seed(sessions, DONE)
        for stranger in ({"items": [item_id(other, 0)]}, {"index": [7]}, {"items": ["x"]}):
            named = {"index": [0]} | stranger
            answer = client.post(f"{path(seeded)}/items/erase", json=named)
            assert_problem(answer, 404, "not-found")
        assert counted(sessions, Erasure, Face) == [0, 2]

    def test_a_request_that_names_none_or_too_many(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        seeded = seed(sessions, DONE)
        empty = assert_problem(erase(client, seeded), 422, "validation")
        assert pointers(empty) == ["#/items"]
        many = [format_id(IdKind.ITEM, uuid.uuid4())] * 1_001
        answer = client.post(f"{path(seeded)}/items/erase", json={"items": many})
        assert pointers(assert_problem(answer, 422, "validation")) == ["#/items"]

    def test_a_key_that_may_not_erase(self, api: Api, sessions: SessionFactory) -> None:
        seeded = seed(sessions, DONE)
        client = api.client(Scope.JOBS_READ, Scope.JOBS_SUBMIT)
        assert_problem(erase(client, seeded, 0), 403, "insufficient-scope")
