"""Photos on their way: passed on as they come, or batch by batch."""

import json
from typing import Any

import httpx
import pytest

from services.web.pages import submit
from tests.fixtures.page import BUCKET_HOST, SCRIPT, Visitor, WebApi, api_problem

BATCH = b'[{"name":"a.jpg","size":3},{"name":"b.jpg","size":2}]\naaabb'


def page_of_slots(*paths: str | None) -> dict[str, Any]:
    slots = [
        {"index": index, "url": path and f"http://{BUCKET_HOST}{path}?sig=x"}
        for index, path in enumerate(paths)
    ]
    return {"id": "upl_1", "data": slots}


class TestOneRequest:
    def test_the_body_is_passed_on_untouched(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/jobs"] = {"id": "job_9"}
        body = (
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n1\r\n--x--'
        )
        kind = "multipart/form-data; boundary=x"
        response = visitor.post(
            "/jobs",
            headers={**SCRIPT, "Content-Type": kind, "Idempotency-Key": "k1", "Cookie": "c=1"},
            content=body,
        )
        assert response.status_code == 201
        assert response.json() == {"job": "job_9", "address": "/jobs/job_9"}
        (request,) = web_api.sent("POST", "/v1/jobs")
        assert request.content == body
        assert request.headers["content-type"] == kind
        assert request.headers["content-length"] == str(len(body))
        assert request.headers["idempotency-key"] == "k1"
        assert "cookie" not in request.headers

    def test_a_form_without_scripts_is_led_to_the_job(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        web_api.answers["POST", "/v1/jobs"] = {"id": "job_9"}
        response = visitor.post("/jobs", files={"files": ("a.jpg", b"x")})
        assert (response.status_code, response.headers["location"]) == (303, "/jobs/job_9")

    def test_a_refusal_is_told(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/jobs"] = api_problem(413, "payload-too-large")
        response = visitor.post("/jobs", headers=SCRIPT, content=b"x")
        assert response.status_code == 413
        said = response.json()
        assert said["title"] == "Title of payload-too-large"
        assert said["detail"] == "It is payload-too-large."


class TestBatches:
    def test_the_first_begins_an_upload(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/uploads"] = page_of_slots("/a", "/b")
        web_api.answers["PUT", "/a"] = web_api.answers["PUT", "/b"] = httpx.Response(200)
        response = visitor.post(
            "/uploads", headers={**SCRIPT, "Idempotency-Key": "k"}, content=BATCH
        )
        assert response.json() == {"upload": "upl_1", "next": 2}
        (request,) = web_api.sent("POST", "/v1/uploads")
        assert request.headers["idempotency-key"] == "k"
        declared = json.loads(request.content)["files"]
        assert [(f["filename"], f["size"]) for f in declared] == [("a.jpg", 3), ("b.jpg", 2)]
        assert [r.content for r in web_api.sent("PUT", "/a")] == [b"aaa"]
        assert [r.content for r in web_api.sent("PUT", "/b")] == [b"bb"]

    def test_others_have_their_place(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/uploads/upl_1/files"] = page_of_slots(None, None)
        response = visitor.post("/uploads/upl_1/batches?start=40", headers=SCRIPT, content=BATCH)
        assert response.json() == {"upload": "upl_1", "next": 42}
        (body,) = web_api.bodies("POST", "/v1/uploads/upl_1/files")
        assert body["start"] == 40

    def test_a_put_that_failed_is_repeated_alone(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/uploads"] = page_of_slots("/a", "/b")
        web_api.answers["POST", "/v1/uploads/upl_1/files"] = page_of_slots(None, "/b")
        web_api.answers["PUT", "/a"] = httpx.Response(200)
        web_api.answers["PUT", "/b"] = [httpx.Response(503), httpx.Response(200)]
        assert visitor.post("/uploads", headers=SCRIPT, content=BATCH).status_code == 201
        assert len(web_api.sent("PUT", "/a")) == 1
        assert len(web_api.sent("PUT", "/b")) == 2

    def test_a_bucket_that_stays_away_is_told(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/uploads"] = page_of_slots("/a", None)
        web_api.answers["POST", "/v1/uploads/upl_1/files"] = page_of_slots("/a", None)
        web_api.answers["PUT", "/a"] = httpx.Response(503)
        response = visitor.post("/uploads", headers=SCRIPT, content=BATCH)
        assert response.status_code == 502
        assert "bucket" in response.json()["detail"]

    def test_nothing_stays_in_the_temporary_folder(
        self, visitor: Visitor, web_api: WebApi, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(submit.tempfile, "tempdir", str(tmp_path))
        web_api.answers["POST", "/v1/uploads"] = page_of_slots(None, None)
        visitor.post("/uploads", headers=SCRIPT, content=BATCH)
        visitor.post("/uploads", headers=SCRIPT, content=BATCH[:-1])
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("body", [b"", b"[]\n", BATCH[:-1], BATCH + b"x"])
    def test_what_is_no_batch_never_reaches_the_api(
        self, visitor: Visitor, web_api: WebApi, body: bytes
    ) -> None:
        response = visitor.post("/uploads", headers=SCRIPT, content=body)
        assert response.status_code == 400
        assert response.json()["detail"]
        assert web_api.requests == []

    @pytest.mark.parametrize("start", ["-1", "x", "1e3", "9999999"])
    def test_a_place_that_is_none(self, visitor: Visitor, start: str) -> None:
        path = f"/uploads/upl_1/batches?start={start}"
        assert visitor.post(path, headers=SCRIPT, content=BATCH).status_code == 400


class TestEnd:
    @pytest.mark.parametrize(
        ("form", "config"),
        [
            ({"name": "Fair"}, {"labels": {"name": "Fair"}}),
            ({"name": "  ", "whole": False}, {}),
            ({"whole": True}, {"faces": "whole"}),
        ],
    )
    def test_a_sealed_upload_is_a_job(
        self, visitor: Visitor, web_api: WebApi, form: dict[str, Any], config: dict[str, Any]
    ) -> None:
        web_api.answers["POST", "/v1/jobs"] = {"id": "job_9"}
        response = visitor.post("/uploads/upl_1/seal", headers=SCRIPT, json=form)
        assert response.json()["address"] == "/jobs/job_9"
        assert web_api.bodies("POST", "/v1/jobs") == [{"upload_id": "upl_1", "config": config}]

    @pytest.mark.parametrize("body", [b"x" * 20_000, b"{"])
    def test_an_odd_seal_is_refused(self, visitor: Visitor, body: bytes) -> None:
        response = visitor.post("/uploads/upl_1/seal", headers=SCRIPT, content=body)
        assert response.status_code == 400

    def test_an_upload_can_be_given_up(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["DELETE", "/v1/uploads/upl_1"] = httpx.Response(204)
        assert visitor.ask("DELETE", "/uploads/upl_1").status_code == 204
