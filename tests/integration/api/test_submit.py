"""POST /v1/jobs on a real database and bucket."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import httpx
import pytest
from sqlalchemy import delete, func, select

from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, Item, Job, Outcome
from services.common.domain.queues import Device, Lane
from services.common.processes.repositories import WorkerIdentity, WorkerRepository
from services.common.storage import ObjectStorage
from services.common.storage_keys import photo_key, tenant_prefix
from tests.fixtures.serving import Api, StartApi, assert_problem, files, pointers
from tests.fixtures.settings import SettingsMaker

KEY = {"Idempotency-Key": "k-1"}


def submit(
    client: httpx.Client, *photos: bytes | tuple[str, bytes], **kwargs: Any
) -> httpx.Response:
    return client.post("/v1/jobs", files=files(*photos), **kwargs)


def item_page(client: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    page: dict[str, Any] = client.get(job["links"]["items"]).json()
    return list(page["data"])


def tell_worker(sessions: SessionFactory, *, detector: str) -> None:
    worker = WorkerIdentity(uuid.uuid4(), Device.CPU, "h", pid=1, main_pid=1, model_version="m")
    with unit_of_work(sessions) as session:
        beat = WorkerRepository(session).beat
        beat(worker, claim_age_s=None, current={"detector": detector})


class TestAccepted:
    def test_stores_photos_rows_and_notifies_once(
        self, api: Api, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        photos = [b"one", b"two", b"one"]
        response = submit(client, *photos)
        job = response.json()
        assert response.status_code == 202
        assert response.headers["location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
        assert response.headers["retry-after"] == "1"
        assert job["status"] == "queued"
        assert job["counts"] == {
            "total": 3, "queued": 3, "running": 0, "succeeded": 0, "no_face": 0, "failed": 0,
            "cancelled": 0,
        }  # fmt: skip
        with sessions() as session:
            rows = session.scalars(select(Item).order_by(Item.seq)).all()
            assert [row.seq for row in rows] == [0, 1, 2]
            assert [row.byte_count for row in rows] == [3, 3, 3]
            assert [row.sha256 for row in rows] == [hashlib.sha256(p).digest() for p in photos]
            assert {row.queue for row in rows} == {Lane.INTERACTIVE}
            assert [storage.get(row.object_key) for row in rows] == photos
            assert rows[0].object_key == photo_key("default", rows[0].sha256)
            assert api.notifier.notified == [(rows[0].job_id, Lane.INTERACTIVE)]
        assert len(list(storage.list(tenant_prefix("default")))) == 2

    def test_keeps_config_labels_and_names(self, client: httpx.Client) -> None:
        config = {"top_n": 5, "min_face_px": 64, "labels": {"album": "x"}, "client_ref": "r"}
        job = submit(client, ("../ä\x00/ö.jpg", b"x"), data={"config": json.dumps(config)}).json()
        assert job["config"] == {
            "top_n": 5, "min_face_px": 64, "detection_threshold": 0.9, "annotated": False,
            "faces": "detect", "detector": None, "model": None,
            "keep_photos_s": 86_400, "keep_for_training": False,
        }  # fmt: skip
        assert (job["labels"], job["client_ref"]) == ({"album": "x"}, "r")
        assert [item["filename"] for item in item_page(client, job)] == ["ö.jpg"]

    def test_keeps_whole_pictures_and_a_detector_that_a_worker_has(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        tell_worker(sessions, detector="openvino")
        config = {"faces": "whole", "detector": "openvino"}
        job = submit(client, b"x", data={"config": json.dumps(config)}).json()
        assert (job["config"]["faces"], job["config"]["detector"]) == ("whole", "openvino")

    def test_where_photos_are_kept_for_longer_than_32_bits_of_seconds_can_say(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        client = start_api(make_settings(retention={"inputs_s": 2**31})).client()
        assert submit(client, b"x").json()["config"]["keep_photos_s"] == 2**31

    def test_keeps_the_photos_for_as_long_as_the_job_asks(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(retention={"inputs_max_s": 604_800}))
        client = api.client()
        assert client.get("/v1/limits").json()["inputs_retention_max_seconds"] == 604_800
        data = {"config": json.dumps({"keep_photos_s": 604_800})}
        assert submit(client, b"x", data=data).json()["config"]["keep_photos_s"] == 604_800
        body = {"inputs": [{"url": "https://photos.example/a"}], "config": {"keep_photos_s": 5}}
        by_url = client.post("/v1/jobs/urls", json=body).json()
        assert by_url["config"]["keep_photos_s"] == 5

    def test_sends_more_than_eight_photos_to_the_batch_lane(
        self, api: Api, client: httpx.Client
    ) -> None:
        submit(client, *[bytes([n]) for n in range(9)])
        assert [lane for _, lane in api.notifier.notified] == [Lane.BATCH]

    def test_keeps_the_order_of_2000_photos(self, client: httpx.Client) -> None:
        job = submit(client, *[b"%d" % n for n in range(2_000)]).json()
        assert job["counts"]["total"] == 2_000
        last = client.get(f"{job['links']['items']}?limit=200").json()["data"][-1]
        assert last["content_sha256"] == hashlib.sha256(b"199").hexdigest()

    def test_keeps_tenants_apart_in_the_bucket(
        self, api: Api, client: httpx.Client, storage: ObjectStorage
    ) -> None:
        submit(client, b"same")
        submit(api.client(tenant="other"), b"same")
        for tenant in ("default", "other"):
            assert len(list(storage.list(tenant_prefix(tenant)))) == 1

    def test_puts_a_photo_sent_twice_once(
        self, start_api: StartApi, settings: Settings, storage: ObjectStorage
    ) -> None:
        puts: list[str] = []

        class Watched(ObjectStorage):
            def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
                puts.append(key)
                super().put(key, stream, size=size, content_type=content_type)

        watched = Watched(storage._client, bucket=storage.bucket, region="us-east-1")
        client = start_api(settings, storage=watched).client()
        job = submit(client, b"same", b"other", b"same").json()
        assert job["counts"]["queued"] == 3
        assert sorted(puts) == sorted(set(puts))
        assert len(puts) == 2

    def test_is_not_held_up_by_a_dead_broker(self, start_api: StartApi, settings: Settings) -> None:
        from services.common.broker.notifier import build_notifier
        from services.common.telemetry import Metrics

        broken = settings.model_copy(
            update={"broker": settings.broker.model_validate({"url": "redis://127.0.0.1:1/0"})}
        )
        notifier = build_notifier(broken, Metrics())
        api = start_api(settings, notifier=notifier)
        assert submit(api.client(), b"x").status_code == 202

    def test_keeps_a_photo_that_was_to_be_deleted(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        key = photo_key("default", hashlib.sha256(b"x").digest())
        with unit_of_work(sessions) as session:
            session.add(DoomedObject(object_key=key))
        submit(client, b"x")
        with sessions() as session:
            assert session.scalars(select(DoomedObject)).all() == []

    def test_a_repeated_request_leaves_its_photos_to_the_job_that_is_there(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        for status in (202, 202):
            answer = submit(client, b"x", headers={"Idempotency-Key": "once"})
            assert answer.status_code == status
        key = photo_key("default", hashlib.sha256(b"x").digest())
        with sessions() as session:
            assert session.scalars(select(DoomedObject.object_key)).all() == [key]

    def test_photos_that_were_given_up_before_their_job_came_are_asked_for_again(
        self, api: Api, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put = api.state.storage.put

        def put_and_give_up(key: str, *args: Any, **kwargs: Any) -> None:
            put(key, *args, **kwargs)
            with unit_of_work(api.state.sessions) as session:
                session.execute(delete(DoomedObject))

        monkeypatch.setattr(api.state.storage, "put", put_and_give_up)
        assert_problem(submit(client, b"x"), 503, "overloaded")
        with api.state.sessions() as session:
            assert session.scalars(select(Job)).all() == []
        monkeypatch.undo()
        assert submit(client, b"x").status_code == 202


class TestBadPhotos:
    """A bad photo is a failed item; the others are not harmed."""

    def test_empty_and_too_large_photos_fail_alone(
        self, api: Api, client: httpx.Client, sessions: SessionFactory, storage: ObjectStorage
    ) -> None:
        large = b"\xff" * 40_000_001
        job = submit(client, b"good", b"", large, large[:-1]).json()
        assert (job["status"], job["counts"]["queued"], job["counts"]["failed"]) == ("queued", 2, 2)
        good, empty, big, full = item_page(client, job)
        assert (good["status"], full["status"]) == ("queued", "queued")
        assert (empty["status"], empty["error"]["code"]) == ("failed", "empty")
        assert (big["status"], big["error"]["code"]) == ("failed", "too_large")
        assert "40000000" in big["error"]["detail"]
        assert big["content_sha256"] == hashlib.sha256(large).hexdigest()
        assert len(list(storage.list(tenant_prefix("default")))) == 2
        assert len(api.notifier.notified) == 1
        with sessions() as session:
            assert len(session.scalars(select(Outcome)).all()) == 2

    def test_a_job_of_bad_photos_only_is_final_at_once(
        self, api: Api, client: httpx.Client
    ) -> None:
        job = submit(client, b"").json()
        assert (job["status"], job["progress"]) == ("failed", 1.0)
        assert job["finished_at"] is not None
        assert api.notifier.notified == []
        [line] = client.get(f"{job['links']['results']}?format=jsonl").text.splitlines()
        assert json.loads(line)["error"]["code"] == "empty"


class TestRefused:
    @pytest.fixture(autouse=True)
    def _nothing_stays(
        self, sessions: SessionFactory, storage: ObjectStorage, api: Api
    ) -> Iterator[None]:
        yield
        with sessions() as session:
            assert session.scalars(select(Job)).all() == []
            scheduled = {row.object_key for row in session.scalars(select(DoomedObject))}
            soon = session.scalars(select(DoomedObject).where(DoomedObject.doomed_at > func.now()))
            assert soon.all() == []  # they do not wait for a job any more
        assert {found.key for found in storage.list("photos/")} <= scheduled
        assert api.notifier.notified == []

    def test_no_file(self, client: httpx.Client) -> None:
        response = client.post("/v1/jobs", files={"config": (None, "{}")})
        assert pointers(assert_problem(response, 422, "validation")) == ["#/files"]

    def test_2001_files(self, client: httpx.Client) -> None:
        body = assert_problem(submit(client, *[b"x"] * 2_001), 413, "payload-too-large")
        assert body["limit"] == 2_000

    def test_a_detector_that_no_worker_has(
        self, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        tell_worker(sessions, detector="openvino")
        data = {"config": json.dumps({"detector": "facenet"})}
        body = assert_problem(submit(client, b"x", data=data), 422, "detector-unavailable")
        assert "ask for 'openvino'" in body["detail"]

    def test_photos_to_be_kept_for_longer_than_may_be(self, client: httpx.Client) -> None:
        data = {"config": json.dumps({"keep_photos_s": 86_401})}
        body = assert_problem(submit(client, b"x", data=data), 422, "validation")
        assert pointers(body) == ["#/config/keep_photos_s"]
        assert "86400 seconds at most" in body["detail"]

    def test_another_media_type(self, client: httpx.Client) -> None:
        response = client.post("/v1/jobs", data={"files": "x"})
        assert_problem(response, 415, "unsupported-media")

    def test_no_boundary(self, client: httpx.Client) -> None:
        response = client.post(
            "/v1/jobs", content=b"x", headers={"Content-Type": "multipart/form-data"}
        )
        assert_problem(response, 400, "invalid-request")

    def test_a_body_cut_short(self, client: httpx.Client) -> None:
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        response = client.post(
            "/v1/jobs",
            content=head + b"whole\r\n" + head + b"half",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert_problem(response, 400, "invalid-request")

    @pytest.mark.parametrize(
        ("config", "status", "code"),
        [
            ("{", 400, "invalid-request"),
            ('{"topn": 1}', 422, "validation"),
            ("{}" + " " * 70_000, 413, "payload-too-large"),
        ],
    )
    def test_a_bad_config(self, client: httpx.Client, config: str, status: int, code: str) -> None:
        # httpx sends plain fields first; last is the worse place, the photo is stored by then.
        photo = ("files", ("a.jpg", b"stored before"))
        response = client.post("/v1/jobs", files=[photo, ("config", (None, config))])
        assert_problem(response, status, code)

    def test_an_unknown_part(self, client: httpx.Client) -> None:
        response = client.post("/v1/jobs", files=[*files(b"x"), ("photo", ("a.jpg", b"x"))])
        assert pointers(assert_problem(response, 422, "validation")) == ["#/photo"]

    @pytest.mark.parametrize("key", ["", "x" * 256, "\xe9"])
    def test_a_bad_idempotency_key(self, client: httpx.Client, key: str) -> None:
        response = submit(client, b"x", headers={b"Idempotency-Key": key.encode("latin-1")})
        assert pointers(assert_problem(response, 422, "validation")) == ["#/header/idempotency-key"]

    def test_a_body_over_the_cap_told_by_its_length(self, client: httpx.Client) -> None:
        request = client.build_request(
            "POST",
            "/v1/jobs",
            content=iter([b"--b"]),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        del request.headers["Transfer-Encoding"]
        request.headers["Content-Length"] = "1000000001"
        body = assert_problem(_head_only(client, request), 413, "payload-too-large")
        assert body["limit"] == 1_000_000_000


def _head_only(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send a request's head and read the answer: an honest server need not wait for the body."""
    import http.client

    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=20)
    connection.putrequest(request.method, request.url.raw_path.decode(), skip_host=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    response = httpx.Response(
        answer.status, headers=answer.getheaders(), content=answer.read(), request=request
    )
    connection.close()
    return response


class TestQueueCap:
    def test_refuses_what_would_be_too_many_open_photos(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        api = start_api(make_settings(api={"queue_cap_photos": 3}))
        client = api.client()
        assert submit(client, b"1", b"2").status_code == 202
        refused = submit(client, b"3", b"4")
        assert_problem(refused, 429, "rate-limited")
        assert int(refused.headers["retry-after"]) > 0
        assert submit(api.client(tenant="other"), b"3", b"4").status_code == 202
        assert submit(client, b"3").status_code == 202
        assert_problem(submit(client, b"4"), 429, "rate-limited")
        with sessions() as session:
            assert len(session.scalars(select(Item)).all()) == 5


class TestIdempotency:
    def test_the_same_request_gives_the_same_job(self, api: Api, client: httpx.Client) -> None:
        first = submit(client, b"a", b"b", headers=KEY)
        again = submit(client, b"a", b"b", headers=KEY)
        assert again.status_code == first.status_code == 202
        assert again.json()["id"] == first.json()["id"]
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert len(api.notifier.notified) == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"files": files(b"b", b"a")},
            {"files": files(b"a")},
            {"files": files(("other.jpg", b"a"), b"b")},
            {"data": {"config": '{"top_n": 4}'}},
            {"data": {"config": '{"labels": {"a": "b"}}'}},
        ],
        ids=["order", "fewer", "name", "option", "label"],
    )
    def test_another_request_under_the_key_is_refused(
        self, client: httpx.Client, change: dict[str, Any]
    ) -> None:
        request: dict[str, Any] = {"files": files(b"a", b"b"), "headers": KEY}
        assert client.post("/v1/jobs", **request).status_code == 202
        response = client.post("/v1/jobs", **{**request, **change})
        assert_problem(response, 422, "idempotency-mismatch")

    def test_defaults_spelled_out_are_the_same_request(self, client: httpx.Client) -> None:
        submit(client, b"a", headers=KEY)
        again = submit(client, b"a", headers=KEY, data={"config": '{"top_n": 3}'})
        assert again.headers["idempotency-replayed"] == "true"

    def test_keys_belong_to_a_tenant(self, api: Api, client: httpx.Client) -> None:
        mine = submit(client, b"a", headers=KEY).json()
        theirs = submit(api.client(tenant="other"), b"b", headers=KEY)
        assert theirs.status_code == 202
        assert theirs.json()["id"] != mine["id"]

    def test_equal_requests_at_once_make_one_job(
        self, api: Api, client: httpx.Client, sessions: SessionFactory
    ) -> None:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: submit(client, b"a", b"b", headers=KEY), range(12)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
        assert len(api.notifier.notified) == 1
        with sessions() as session:
            assert len(session.scalars(select(Item)).all()) == 2
