"""/v1/uploads on a real database and bucket: declared, put by presigned URL, sealed."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from services.api.jobs.submission.json_body import MAX_URLS_BYTES
from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, Item, Job
from services.common.domain.limits import PhotoLimits
from services.common.domain.queues import Lane
from services.common.storage import ObjectStorage
from tests.fixtures.serving import Api, StartApi, assert_problem, files, pointers
from tests.fixtures.settings import SettingsMaker
from tests.fixtures.uploading import begin, declared, put, put_all, seal

PHOTOS = [b"one", b"two", b"three"]
KEY = {"Idempotency-Key": "k-1"}


def add(client: httpx.Client, upload: dict[str, Any], *photos: bytes, start: int) -> httpx.Response:
    body = {"start": start, "files": declared(*photos, first=start)}
    return client.post(f"/v1/uploads/{upload['id']}/files", json=body)


def seal_keyed(
    client: httpx.Client, upload: dict[str, Any], key: str, **config: Any
) -> httpx.Response:
    body = {"upload_id": upload["id"], "config": config}
    return client.post("/v1/jobs", json=body, headers={"Idempotency-Key": key})


class TestWholeWay:
    def test_photos_put_by_url_become_one_job_in_the_order_declared(
        self, api: Api, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        upload = begin(client, *PHOTOS[:2])
        more = add(client, upload, PHOTOS[2], start=2).json()
        assert [slot["index"] for slot in upload["data"] + more["data"]] == [0, 1, 2]
        put_all(upload, PHOTOS[:2])
        put_all(more, PHOTOS[2:])
        assert api.notifier.notified == []
        response = seal(client, upload, top_n=5, labels={"album": "x"}, client_ref="r")
        job = response.json()
        assert response.status_code == 202
        assert response.headers["location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
        assert (job["status"], job["counts"]["total"], job["counts"]["queued"]) == ("queued", 3, 3)
        assert (job["config"]["top_n"], job["labels"]) == (5, {"album": "x"})
        assert job["client_ref"] == "r"
        with sessions() as session:
            rows = session.scalars(select(Item).order_by(Item.seq)).all()
            assert [storage.get(row.object_key) for row in rows] == PHOTOS
            assert [row.filename for row in rows] == [f"photo-{n}.jpg" for n in range(3)]
            assert api.notifier.notified == [(rows[0].job_id, Lane.BATCH)]

    def test_nothing_is_shown_or_claimed_before_the_seal(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        upload = begin(client, *PHOTOS)
        job = "job_" + upload["id"].removeprefix("upl_")
        assert client.get("/v1/jobs").json()["data"] == []
        assert_problem(client.get(f"/v1/jobs/{job}"), 404, "not-found")
        assert_problem(client.delete(f"/v1/jobs/{job}"), 404, "not-found")
        shown = client.get(f"/v1/uploads/{upload['id']}").json()
        assert (shown["status"], shown["files"], shown["job_id"]) == ("open", 3, None)
        with sessions() as session:
            assert session.scalars(select(Job.status)).one() == "open"

    def test_a_sealed_upload_names_its_job(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        job = seal(client, upload).json()
        shown = client.get(f"/v1/uploads/{upload['id']}").json()
        assert (shown["status"], shown["job_id"]) == ("sealed", job["id"])
        assert (shown["links"]["job"], shown["expires_at"]) == (job["links"]["self"], None)

    def test_names_and_references_are_kept_and_made_harmless(self, client: httpx.Client) -> None:
        file = declared(b"x", filename="../ä\x00/ö.jpg", client_ref="mine")
        upload = client.post("/v1/uploads", json={"files": file}).json()
        job = seal(client, upload).json()
        [item] = client.get(job["links"]["items"]).json()["data"]
        assert (item["filename"], item["client_ref"]) == ("ö.jpg", "mine")

    def test_photos_that_cannot_be_analysed_fail_alone(self, client: httpx.Client) -> None:
        sizes = [0, 3, PhotoLimits().photo_bytes + 1]
        body = [{**declared(b"one")[0], "size": size} for size in sizes]
        upload = client.post("/v1/uploads", json={"files": body}).json()
        assert [slot["url"] is None for slot in upload["data"]] == [True, False, True]
        codes = [slot["error"] and slot["error"]["code"] for slot in upload["data"]]
        assert codes == ["empty", None, "too_large"]
        job = seal(client, upload).json()
        assert (job["counts"]["queued"], job["counts"]["failed"]) == (1, 2)


class TestUrls:
    def test_take_only_what_was_declared(self, client: httpx.Client) -> None:
        [slot] = begin(client, b"12345")["data"]
        assert put(slot["url"], b"123456") == 403
        assert put(slot["url"], b"1234") == 403
        assert put(slot["url"], iter([b"12345"])) == 403  # chunked: no length at all
        assert put(slot["url"], b"12345") == 200

    def test_lead_to_one_object_only(self, client: httpx.Client, storage: ObjectStorage) -> None:
        [slot] = begin(client, b"12345")["data"]
        other = hashlib.sha256(b"other").hexdigest()
        mine = hashlib.sha256(b"12345").hexdigest()
        assert put(slot["url"].replace(mine, other), b"12345") == 403
        assert list(storage.list("photos/")) == []

    def test_hold_for_their_time(
        self, client: httpx.Client, api: Api, storage: ObjectStorage
    ) -> None:
        upload = begin(client, b"12345")
        expire_at = datetime.fromisoformat(upload["urls_expire_at"])
        assert timedelta(minutes=59) < expire_at - datetime.now(UTC) <= timedelta(hours=1)
        past = datetime.now(UTC) - timedelta(hours=2)
        assert put(api.state.signer.put("photos/x", size=1, seconds=3600, now=past), b"x") == 403
        assert list(storage.list("photos/")) == []

    def test_lead_to_the_public_endpoint(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        public = {"public_endpoint": "https://photos.example.org:443"}
        client = start_api(make_settings(storage=public)).client()
        [slot] = begin(client, b"12345")["data"]
        assert slot["url"].startswith("https://photos.example.org/")

    def test_of_two_tenants_never_meet(self, api: Api) -> None:
        ours = begin(api.client(), b"x")["data"][0]["url"]
        theirs = begin(api.client(tenant="other"), b"x")["data"][0]["url"]
        folder = [
            url.partition("?")[0].split("/photos/")[1].split("/")[0] for url in (ours, theirs)
        ]
        assert folder[0] != folder[1]


class TestResume:
    def test_the_same_key_gives_the_same_upload_and_skips_what_is_there(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        first = begin(client, *PHOTOS, **KEY)
        assert put(first["data"][1]["url"], PHOTOS[1]) == 200
        response = client.post("/v1/uploads", json={"files": declared(*PHOTOS)}, headers=KEY)
        again = response.json()
        assert response.status_code == 201
        assert response.headers["idempotency-replayed"] == "true"
        assert again["id"] == first["id"]
        assert [slot["stored"] for slot in again["data"]] == [False, True, False]
        assert [slot["url"] is None for slot in again["data"]] == [False, True, False]
        with sessions() as session:
            assert len(session.scalars(select(Item)).all()) == 3

    def test_the_same_page_again_changes_nothing(self, client: httpx.Client) -> None:
        upload = begin(client, PHOTOS[0])
        one, two = (add(client, upload, *PHOTOS[1:], start=1).json() for _ in range(2))
        assert (one["files"], two["files"]) == (3, 3)
        assert [slot["index"] for slot in two["data"]] == [1, 2]

    def test_an_object_of_another_size_is_not_taken_for_the_photo(
        self, client: httpx.Client, storage: ObjectStorage, sessions: SessionFactory
    ) -> None:
        upload = begin(client, b"12345", **KEY)
        with sessions() as session:
            key = session.scalars(select(Item.object_key)).one()
        storage.put(key, io.BytesIO(b"1"), size=1, content_type="image/jpeg")
        [slot] = begin(client, b"12345", **KEY)["data"]
        assert (slot["stored"], upload["data"][0]["index"]) == (False, 0)

    def test_after_the_seal_the_same_requests_find_the_job(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS, **KEY)
        job = seal(client, upload).json()
        again = begin(client, *PHOTOS, **KEY)
        assert (again["status"], again["job_id"]) == ("sealed", job["id"])
        assert [slot["url"] for slot in again["data"]] == [None] * 3

    def test_counts_its_time_anew(self, client: httpx.Client, sessions: SessionFactory) -> None:
        upload = begin(client, *PHOTOS, **KEY)
        with unit_of_work(sessions) as session:
            session.execute(update(Job).values(upload_until=datetime.now(UTC)))
        again = begin(client, *PHOTOS, **KEY)
        left = datetime.fromisoformat(again["expires_at"]) - datetime.now(UTC)
        assert left > timedelta(hours=23)
        assert again["id"] == upload["id"]

    def test_two_equal_pages_at_once_are_one(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        upload = begin(client, PHOTOS[0])
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: add(client, upload, *PHOTOS[1:], start=1), range(4)))
        assert {response.status_code for response in done} == {200}
        with sessions() as session:
            assert session.scalars(select(Item.seq).order_by(Item.seq)).all() == [0, 1, 2]


class TestSeal:
    def test_twice_is_the_same_job(self, api: Api, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        first, second = seal(client, upload, top_n=2), seal(client, upload, top_n=2)
        assert second.json()["id"] == first.json()["id"]
        assert second.status_code == 202
        assert second.headers["idempotency-replayed"] == "true"
        assert len(api.notifier.notified) == 1

    def test_has_a_path_of_its_own(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        config = {"top_n": 5}
        sealed = client.post(f"/v1/uploads/{upload['id']}/seal", json={"config": config})
        assert sealed.status_code == 202, sealed.text
        assert sealed.headers["location"] == f"/v1/jobs/{sealed.json()['id']}"
        assert sealed.json()["config"]["top_n"] == 5
        again = seal(client, upload, **config)
        assert again.json()["id"] == sealed.json()["id"]
        other = client.post(f"/v1/uploads/{upload['id']}/seal", json={})
        assert_problem(other, 409, "upload-sealed")

    def test_with_another_config_is_refused(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        job = seal(client, upload, top_n=2).json()
        body = assert_problem(seal(client, upload, top_n=3), 409, "upload-sealed")
        assert job["id"] in body["detail"]

    def test_says_how_long_the_photos_are_kept(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        job = seal(client, upload, keep_photos_s=60).json()
        assert job["config"]["keep_photos_s"] == 60
        assert seal(client, upload).json()["id"] == job["id"]
        assert_problem(seal(client, upload, keep_photos_s=61), 409, "upload-sealed")
        assert_problem(seal(client, upload, keep_photos_s=86_401), 422, "validation")

    def test_takes_no_more_files(self, client: httpx.Client, sessions: SessionFactory) -> None:
        upload = begin(client, *PHOTOS)
        seal(client, upload)
        for start in (0, 3, 9):
            assert_problem(add(client, upload, b"late", start=start), 409, "upload-sealed")
        with sessions() as session:
            assert len(session.scalars(select(Item)).all()) == 3

    def test_of_at_the_same_moment_notifies_once(self, api: Api, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: seal(client, upload), range(4)))
        assert {response.status_code for response in done} == {202}
        assert len({response.json()["id"] for response in done}) == 1
        assert len(api.notifier.notified) == 1

    def test_honours_its_own_key(self, api: Api, client: httpx.Client) -> None:
        upload, other = begin(client, *PHOTOS), begin(client, b"four")
        first = seal_keyed(client, upload, "s-1", top_n=2)
        again = seal_keyed(client, upload, "s-1", top_n=2)
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json()["id"] == first.json()["id"]
        assert len(api.notifier.notified) == 1
        for refused in (
            seal_keyed(client, upload, "s-1", top_n=3),
            seal_keyed(client, other, "s-1"),
            client.post("/v1/jobs", files=files(b"five"), headers={"Idempotency-Key": "s-1"}),
            client.post(
                "/v1/uploads", json={"files": declared(b"x")}, headers={"Idempotency-Key": "s-1"}
            ),
        ):
            assert_problem(refused, 422, "idempotency-mismatch")
        assert seal_keyed(client, other, "s-2").status_code == 202

    def test_takes_the_key_that_opened_the_upload_and_no_other_jobs(
        self, client: httpx.Client
    ) -> None:
        upload, other = begin(client, *PHOTOS, **KEY), begin(client, b"four")
        assert_problem(seal_keyed(client, other, "k-1"), 422, "idempotency-mismatch")
        sealed = seal_keyed(client, upload, "k-1")
        assert sealed.status_code == 202
        answer = client.post("/v1/uploads", json={"files": declared(*PHOTOS)}, headers=KEY)
        assert answer.json()["id"] == upload["id"]  # opening it again still finds it

    def test_of_two_uploads_under_one_key_at_once_only_one_passes(
        self, client: httpx.Client
    ) -> None:
        uploads = [begin(client, bytes([number])) for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda upload: seal_keyed(client, upload, "s-1"), uploads))
        assert sorted(response.status_code for response in done) == [202, 422, 422, 422]

    def test_does_not_ask_the_bucket(
        self, client: httpx.Client, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        upload = begin(client, *PHOTOS)
        cut_off = start_api(make_settings(storage={"endpoint": "127.0.0.1:1"})).client()
        assert seal(cut_off, upload).status_code == 202

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "invalid-request"),
            (b"{}", 422, "validation"),
            (b'{"upload_id": "upl_1"}', 404, "not-found"),
            (b'{"upload_id": "job_' + b"0" * 32 + b'"}', 404, "not-found"),
            (b'{"upload_id": 1}', 422, "validation"),
            (b'{"upload_id": "x", "config": {"top_n": 9}}', 422, "validation"),
            (b" " * (MAX_URLS_BYTES + 1), 413, "payload-too-large"),
        ],
    )
    def test_bad_bodies(self, client: httpx.Client, body: bytes, status: int, code: str) -> None:
        json = {"Content-Type": "application/json; charset=utf-8"}
        assert_problem(client.post("/v1/jobs", content=body, headers=json), status, code)


class TestRefused:
    def test_another_tenants_upload_is_not_found(self, api: Api, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        other = api.client(tenant="other")
        path = f"/v1/uploads/{upload['id']}"
        assert_problem(other.get(path), 404, "not-found")
        assert_problem(other.delete(path), 404, "not-found")
        assert_problem(add(other, upload, b"x", start=3), 404, "not-found")
        assert_problem(seal(other, upload), 404, "not-found")
        assert client.get(path).json()["files"] == 3

    def test_a_job_that_came_with_its_photos_is_no_upload(self, client: httpx.Client) -> None:
        job = client.post("/v1/jobs", files=files(b"x")).json()
        upload = {"id": job["id"].replace("job_", "upl_")}
        assert_problem(client.get(f"/v1/uploads/{upload['id']}"), 404, "not-found")
        assert_problem(add(client, upload, b"x", start=0), 404, "not-found")
        assert_problem(seal(client, upload), 404, "not-found")

    def test_other_files_under_the_same_key(self, client: httpx.Client) -> None:
        begin(client, *PHOTOS, **KEY)
        response = client.post("/v1/uploads", json={"files": declared(b"else")}, headers=KEY)
        assert_problem(response, 422, "idempotency-mismatch")

    def test_a_key_serves_an_upload_or_a_job(self, client: httpx.Client) -> None:
        begin(client, *PHOTOS, **KEY)
        response = client.post("/v1/jobs", files=files(b"x"), headers=KEY)
        assert_problem(response, 422, "idempotency-mismatch")
        client.post("/v1/jobs", files=files(b"x"), headers={"Idempotency-Key": "job"})
        headers = {"Idempotency-Key": "job"}
        response = client.post("/v1/uploads", json={"files": declared(b"x")}, headers=headers)
        assert_problem(response, 422, "idempotency-mismatch")

    def test_other_files_in_the_same_places(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        for wrong in ([b"else"], [*PHOTOS, b"and more"]):
            body = assert_problem(add(client, upload, *wrong, start=0), 409, "upload-mismatch")
            assert "go on at 3" in body["detail"]

    def test_a_gap(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        body = assert_problem(add(client, upload, b"x", start=4), 409, "upload-mismatch")
        assert "go on at 3" in body["detail"]

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"size": -1}, "#/files/0/size"),
            ({"size": "3"}, "#/files/0/size"),
            ({"size": 2**63}, "#/files/0/size"),
            ({"sha256": "A" * 64}, "#/files/0/sha256"),
            ({"sha256": "a" * 63}, "#/files/0/sha256"),
            ({"filename": ""}, "#/files/0/filename"),
            ({"path": "/etc/passwd"}, "#/files/0/path"),
        ],
    )
    def test_files_that_are_described_wrongly(
        self, client: httpx.Client, change: dict[str, Any], pointer: str
    ) -> None:
        response = client.post("/v1/uploads", json={"files": declared(b"x", **change)})
        assert pointers(assert_problem(response, 422, "validation")) == [pointer]

    def test_no_file_and_too_many(self, client: httpx.Client) -> None:
        for count in (0, 1_001):
            response = client.post("/v1/uploads", json={"files": declared(*[b"x"] * count)})
            assert pointers(assert_problem(response, 422, "validation")) == ["#/files"]

    def test_another_media_type(self, client: httpx.Client) -> None:
        assert_problem(client.post("/v1/uploads", data={"a": "b"}), 415, "unsupported-media")

    def test_more_photos_than_a_job_takes(self, start_api: StartApi, settings: Settings) -> None:
        client = start_api(settings, limits=PhotoLimits(job_photos=4)).client()
        upload = begin(client, *PHOTOS)
        response = add(client, upload, b"4", b"5", start=3)
        assert "at most 4" in assert_problem(response, 413, "payload-too-large")["detail"]
        assert add(client, upload, b"4", start=3).status_code == 200

    def test_more_photos_than_a_tenant_may_have_open(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(api={"queue_cap_photos": 4}))
        client = api.client()
        upload = begin(client, *PHOTOS)
        response = add(client, upload, b"4", b"5", start=3)
        detail = assert_problem(response, 429, "rate-limited")["detail"]
        assert "3 of your photos are waiting and 4 may" in detail
        assert response.headers["retry-after"]
        begin(api.client(tenant="other"), *PHOTOS)
        assert client.delete(f"/v1/uploads/{upload['id']}").status_code == 204
        begin(client, *PHOTOS, b"4")

    def test_refused_files_are_open_photos_as_long_as_their_upload_is_open(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        client = start_api(make_settings(api={"queue_cap_photos": 4})).client()
        upload = begin(client, b"", b"", b"")
        assert_problem(add(client, upload, b"", b"", start=3), 429, "rate-limited")
        assert add(client, upload, b"", start=3).status_code == 200
        assert_problem(
            client.post("/v1/uploads", json={"files": declared(b"")}), 429, "rate-limited"
        )
        assert client.delete(f"/v1/uploads/{upload['id']}").status_code == 204
        begin(client, b"", b"", b"", b"")


class TestGivingUp:
    def test_erases_the_rows_and_leaves_the_objects_to_the_sweeper(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        upload = begin(client, *PHOTOS)
        put_all(upload, PHOTOS)
        path = f"/v1/uploads/{upload['id']}"
        assert [client.delete(path).status_code for _ in range(2)] == [204, 204]
        assert_problem(client.get(path), 410, "gone")
        assert_problem(seal(client, upload), 410, "gone")
        assert_problem(add(client, upload, b"x", start=3), 410, "gone")
        with sessions() as session:
            assert session.scalars(select(Item)).all() == []
            assert len(session.scalars(select(DoomedObject)).all()) == 3

    def test_is_too_late_after_the_seal(self, client: httpx.Client) -> None:
        upload = begin(client, *PHOTOS)
        seal(client, upload)
        response = client.delete(f"/v1/uploads/{upload['id']}")
        assert_problem(response, 409, "upload-sealed")
