import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hfer import Client, TooManyPhotosError, UnexpectedAnswerError
from tests.fixtures.fake_service import JOB, FakeService

MakePhoto = Callable[..., Path]


def config_of(request: httpx.Request) -> dict[str, object]:
    part = request.content.split(b"\r\n\r\n")[1].split(b"\r\n--")[0]
    config: dict[str, object] = json.loads(part)
    return config


class TestSubmit:
    def test_gives_a_handle_on_the_new_job(self, client: Client, make_photo: MakePhoto) -> None:
        job = client.submit(make_photo())
        assert job.id == JOB
        assert job.state.status == "queued"

    def test_leaves_the_defaults_to_the_service(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        client.submit(make_photo())
        assert config_of(service.sent("POST")[0]) == {}

    def test_sends_what_was_chosen(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        client.submit(
            make_photo(),
            top_n=2,
            min_face_px=30,
            detection_threshold=0.95,
            faces="whole",
            detector="facenet",
            annotated=True,
            labels={"shoot": "7"},
            client_ref="mine",
        )
        assert config_of(service.sent("POST")[0]) == {
            "top_n": 2,
            "min_face_px": 30,
            "detection_threshold": 0.95,
            "faces": "whole",
            "detector": "facenet",
            "annotated": True,
            "labels": {"shoot": "7"},
            "client_ref": "mine",
        }

    def test_every_try_of_one_submit_carries_the_same_key_and_photos(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        photo = make_photo()
        client.limits()
        service.upsets.extend([httpx.Response(200, json={}), httpx.ReadError("cut")])
        client.submit(photo)
        first, second = service.sent("POST")
        assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
        assert first.content == second.content

    def test_two_submits_are_two_jobs(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        client.submit(make_photo())
        client.submit(make_photo())
        first, second = service.sent("POST")
        assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]

    def test_takes_the_callers_key(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        client.submit(make_photo(), idempotency_key="tuesday")
        assert service.sent("POST")[0].headers["Idempotency-Key"] == "tuesday"

    def test_a_retry_tells_progress_from_the_start(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        seen: list[tuple[int, int]] = []
        service.upsets.extend([httpx.Response(200, json={}), httpx.ReadError("cut")])
        client.submit(make_photo(), on_upload=lambda *progress: seen.append(progress))
        assert seen == [(6, 6), (6, 6)]

    def test_obeys_the_limits_that_the_service_tells(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        service.limits = {"request_files": 1}
        with pytest.raises(TooManyPhotosError):
            client.submit(make_photo("a.jpg"), make_photo("b.jpg"))
        assert service.sent("POST") == []

    def test_an_answer_that_is_no_job_is_not_the_service(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        service.upsets.extend([httpx.Response(200, json={}), httpx.Response(200, json={"ok": 1})])
        with pytest.raises(UnexpectedAnswerError):
            client.submit(make_photo())
