"""hfer's interface: its page works unchanged, and what was wrong with it is not repeated."""

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.keys.service import Scope
from services.common.storage import ObjectStorage
from tests.fixtures.hfer_front import HferFront, to_image, unwrap
from tests.fixtures.jobs import face_payload, make_key, photo_payload
from tests.fixtures.photos import encode, noise
from tests.fixtures.serving import Api, StartApi, assert_problem
from tests.fixtures.settings import SettingsMaker
from tests.fixtures.working_notifier import WorkingNotifier

WIDTH, HEIGHT = 640, 480
PIXELS = noise(WIDTH, HEIGHT)
PHOTO = encode(PIXELS)
# Largest first, as the worker numbers them; the second one stands left of the first.
BOXES = ((300.0, 100.0, 90.0, 120.0), (40.5, 110.2, 60.0, 80.0), (500.0, 400.0, 30.0, 40.0))
THREE_FACES = photo_payload(
    *(face_payload(index, box=box) for index, box in enumerate(BOXES)), width=WIDTH, height=HEIGHT
)

StartCompat = Callable[..., Api]


@pytest.fixture
def start_compat(
    start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
) -> StartCompat:
    """Start an API with hfer's interface, open to callers without a key unless told otherwise."""

    def start(*, anonymous: bool = True, **parts: Any) -> Api:
        compat: dict[str, Any] = {"enabled": True}
        if anonymous:
            with unit_of_work(sessions) as session:
                compat["anonymous_key"] = make_key(session, tenant="page")
        notifier = WorkingNotifier(sessions=sessions, delay_s=0.05, payload=THREE_FACES)
        settings = make_settings(compat={**compat, **parts.pop("compat", {})})
        return start_api(settings, **{"notifier": notifier, **parts})

    return start


@pytest.fixture
def front(start_compat: StartCompat) -> HferFront:
    """hfer's page, before two processes of the service: one takes uploads, the other reads."""
    return HferFront(start_compat().url, start_compat().url)


class TestPage:
    def test_shows_the_picture_and_a_row_per_face(self, front: HferFront) -> None:
        picture, rows = front.show(PHOTO)
        assert picture.size == (WIDTH, HEIGHT)
        drawn = np.asarray(picture, np.int16)
        assert np.abs(drawn - PIXELS).max() > 50
        far_from_faces = (slice(0, 60), slice(0, WIDTH))
        assert np.array_equal(drawn[far_from_faces], PIXELS[far_from_faces])
        assert [row.picture.size for row in rows] == [(61, 81), (90, 120), (30, 40)]
        for row in rows:
            assert next(iter(row.top_three.items())) == ("happiness", 0.7)
            assert len(row.top_three) == 3

    def test_cuts_out_the_pixels_of_each_face(self, front: HferFront) -> None:
        _, rows = front.show(PHOTO)
        assert np.array_equal(np.asarray(rows[1].picture), PIXELS[100:220, 300:390])

    def test_gets_the_bytes_that_hfer_would_send(self, front: HferFront) -> None:
        reply = front.post(PHOTO)
        said = unwrap(reply)
        assert list(said) == ["face_ids", "colors", "image", "bounding_box_coords"]
        assert said["colors"] == [[153, 51, 51], [51, 153, 51], [51, 51, 153]]
        assert said["bounding_box_coords"][1] == [100, 390, 220, 300]
        assert all(len(face_id) == 32 for face_id in said["face_ids"])
        # The outer rendering is FastAPI's, the inner one json.dumps' own.
        assert reply.body == json.dumps(json.dumps(said), ensure_ascii=False).encode()

    def test_may_ask_for_a_face_again(self, front: HferFront) -> None:
        (face_id, *_) = unwrap(front.post(PHOTO))["face_ids"]
        assert front.get(face_id).body == front.get(face_id).body
        assert front.get(face_id).status == 200

    def test_shows_a_photo_without_faces_as_it_is(
        self, start_compat: StartCompat, sessions: SessionFactory
    ) -> None:
        nobody = photo_payload(width=WIDTH, height=HEIGHT)
        notifier = WorkingNotifier(sessions=sessions, delay_s=0.05, payload=nobody)
        url = start_compat(notifier=notifier).url
        picture, rows = HferFront(url, url).show(PHOTO)
        assert rows == []
        assert np.array_equal(np.asarray(picture), PIXELS)

    def test_gets_a_large_picture_scaled_and_boxes_of_the_photo(
        self, start_compat: StartCompat
    ) -> None:
        url = start_compat(compat={"picture_pixels": WIDTH * HEIGHT // 4}).url
        said = unwrap(HferFront(url, url).post(PHOTO))
        assert to_image(said["image"]).size == (WIDTH // 2, HEIGHT // 2)
        assert said["bounding_box_coords"][1] == [100, 390, 220, 300]


class TestOptions:
    def test_leave_out_what_is_not_wanted(self, start_compat: StartCompat) -> None:
        client = start_compat().anonymous()
        wanted = {"include_annotation": "false", "include_bounding_box_coords": "false"}
        response = client.post("/upload_image", files={"image": PHOTO}, params=wanted)
        assert list(json.loads(response.json())) == ["face_ids"]

    def test_choose_how_many_emotions_and_how_they_are_named(
        self, start_compat: StartCompat
    ) -> None:
        client = start_compat().anonymous()
        uploaded = json.loads(client.post("/upload_image", files={"image": PHOTO}).json())
        query = {"face_id": uploaded["face_ids"][0], "top_n": 7, "ret": "num"}
        said = json.loads(client.get("/emotions", params=query).json())
        assert list(said) == ["emotions"]
        assert sorted(said["emotions"]) == list("0123456")
        assert_problem(client.get("/emotions", params={**query, "top_n": "x"}), 422, "validation")

    def test_take_an_image_in_the_body_of_a_get(self, start_compat: StartCompat) -> None:
        client = start_compat().anonymous()
        response = client.request(
            "GET", "/emotions", files={"face_image": PHOTO}, params={"include_image": True}
        )
        said = json.loads(response.json())
        assert said["emotions"]["happiness"] == 0.7
        assert to_image(said["image"]).size == (WIDTH, HEIGHT)


class TestRefusals:
    def test_name_what_is_wrong(self, start_compat: StartCompat) -> None:
        client = start_compat().anonymous()
        assert_problem(client.get("/emotions"), 404, "not-found")
        for face_id in ("", "nonsense", "0" * 32, "f" * 32):
            response = client.get("/emotions", params={"face_id": face_id})
            assert_problem(response, 404, "not-found")
        response = client.post("/upload_image", files={"photo": PHOTO})
        assert_problem(response, 422, "validation")
        two = [("image", PHOTO), ("image", PHOTO)]
        assert_problem(client.post("/upload_image", files=two), 413, "payload-too-large")
        assert_problem(client.post("/upload_image", json={}), 415, "unsupported-media")

    def test_a_photo_without_a_result(
        self, start_compat: StartCompat, sessions: SessionFactory
    ) -> None:
        notifier = WorkingNotifier(sessions=sessions, delay_s=0.05, payload=None)
        client = start_compat(notifier=notifier).anonymous()
        body = assert_problem(
            client.post("/upload_image", files={"image": b"junk"}), 422, "photo-failed"
        )
        assert body["detail"] == "decode_failed: Save it again."
        empty = client.post("/upload_image", files={"image": b""})
        assert "empty" in assert_problem(empty, 422, "photo-failed")["detail"]

    def test_a_body_that_is_too_large(self, start_compat: StartCompat) -> None:
        client = start_compat().anonymous()
        response = client.post("/upload_image", files={"image": bytes(41_100_000)})
        assert_problem(response, 413, "payload-too-large")

    def test_an_erased_photo(
        self, start_compat: StartCompat, storage: ObjectStorage, sessions: SessionFactory
    ) -> None:
        client = start_compat().anonymous()
        uploaded = json.loads(client.post("/upload_image", files={"image": PHOTO}).json())
        query = {"face_id": uploaded["face_ids"][0]}
        storage.delete([found.key for found in storage.list("photos/")])
        with unit_of_work(sessions) as session:
            session.execute(update(Job).values(inputs_erased_at=Job.created_at))
        assert client.get("/emotions", params=query).status_code == 200
        response = client.get("/emotions", params={**query, "include_image": True})
        assert_problem(response, 410, "gone")


class TestAccess:
    def test_is_off_by_default(self, start_api: StartApi, settings: Settings) -> None:
        client = start_api(settings).client()
        assert_problem(client.post("/upload_image", files={"image": PHOTO}), 404, "not-found")
        assert_problem(client.get("/emotions"), 404, "not-found")

    def test_needs_a_key_unless_one_stands_for_all(self, start_compat: StartCompat) -> None:
        api = start_compat(anonymous=False)
        refused = api.anonymous().post("/upload_image", files={"image": PHOTO})
        assert_problem(refused, 401, "unauthenticated")
        assert api.client().post("/upload_image", files={"image": PHOTO}).status_code == 200

    def test_a_bad_key_never_falls_back_to_the_standing_one(
        self, start_compat: StartCompat
    ) -> None:
        client = start_compat().client(key="hfer_dev_wrong")
        assert_problem(client.get("/emotions"), 401, "unauthenticated")

    def test_a_revoked_standing_key_closes_the_door(self, start_compat: StartCompat) -> None:
        api = start_compat(compat={"anonymous_key": "hfer_dev_revoked"})
        assert_problem(api.anonymous().get("/emotions"), 401, "unauthenticated")

    def test_needs_both_scopes(self, start_compat: StartCompat) -> None:
        api = start_compat()
        for scope in (Scope.JOBS_READ, Scope.JOBS_WRITE):
            refused = api.client(scope).get("/emotions")
            assert_problem(refused, 403, "insufficient-scope")

    def test_keeps_tenants_apart(self, start_compat: StartCompat) -> None:
        api = start_compat()
        uploaded = json.loads(api.anonymous().post("/upload_image", files={"image": PHOTO}).json())
        query = {"face_id": uploaded["face_ids"][0]}
        other = api.client(tenant="other").get("/emotions", params=query)
        assert_problem(other, 404, "not-found")
        assert api.client(tenant="page").get("/emotions", params=query).status_code == 200
        jobs = api.client(tenant="page").get("/v1/jobs").json()["data"]
        assert len(jobs) == 1


class TestUprightness:
    def test_turns_phone_photos(self, start_compat: StartCompat, sessions: SessionFactory) -> None:
        sideways = Image.fromarray(PIXELS)
        exif = Image.Exif()
        exif[0x0112] = 6
        buffer = io.BytesIO()
        sideways.save(buffer, "PNG", exif=exif)
        nobody = photo_payload(width=HEIGHT, height=WIDTH)
        notifier = WorkingNotifier(sessions=sessions, delay_s=0.05, payload=nobody)
        client: httpx.Client = start_compat(notifier=notifier).anonymous()
        response = client.post("/upload_image", files={"image": buffer.getvalue()})
        assert to_image(json.loads(response.json())["image"]).size == (HEIGHT, WIDTH)
