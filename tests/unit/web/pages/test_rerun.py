"""Running a job again from the page: the form, what is sent, what is said of a refusal."""

from typing import Any

import httpx
import pytest

from tests.fixtures.page import Visitor, WebApi, api_problem

RERUN = ("POST", "/v1/jobs/job_1/rerun")
MODELS = [
    {"id": "mdl_2", "name": "mine", "version": "0.2.0", "active": False},
    {"id": "mdl_1", "name": "starter", "version": "1.1.0", "active": True},
]


@pytest.fixture(autouse=True)
def models(web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/models"] = {"data": MODELS}


def change_job(web_api: WebApi, **changes: Any) -> None:
    job = web_api.answers["GET", "/v1/jobs/job_1"]
    assert isinstance(job, dict)
    web_api.answers["GET", "/v1/jobs/job_1"] = job | changes


class TestButton:
    def test_stands_on_a_final_job_whose_photos_are_kept(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        link = 'href="/jobs/job_1/rerun" data-dialog'
        assert link in visitor.get("/jobs/job_1").text
        change_job(web_api, inputs_erased_at="2026-11-24T00:00Z")
        assert link not in visitor.get("/jobs/job_1").text
        change_job(web_api, inputs_erased_at=None, status="running")
        assert link not in visitor.get("/jobs/job_1").text


class TestForm:
    def test_offers_what_is_published_and_holds_what_the_job_had(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        config = {"top_n": 5, "min_face_px": 40, "detection_threshold": 0.8, "faces": "whole"}
        change_job(web_api, config=config | {"detector": "openvino"})
        page = visitor.get("/jobs/job_1/rerun").text
        assert '<option value="" selected>starter 1.1.0 (active)</option>' in page
        assert '<option value="mdl_2">mine 0.2.0</option>' in page
        assert "as before (openvino)" in page
        assert 'value="0.8"' in page
        assert '<option value="whole" selected>' in page
        assert "the usual time (24 hours)" in page
        assert "7 days" not in page

    def test_offers_a_longer_time_where_the_operator_allows_it(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        limits = web_api.answers["GET", "/v1/limits"]
        assert isinstance(limits, dict)
        longer = {"inputs_retention_max_seconds": 604_800}
        web_api.answers["GET", "/v1/limits"] = limits | longer
        assert '<option value="604800">7 days</option>' in visitor.get("/jobs/job_1/rerun").text


class TestSending:
    def test_makes_a_job_and_leads_to_it(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers[RERUN] = {"id": "job_2"}
        form = {
            "once": "1",
            "model": "mdl_2",
            "detector": "",
            "top_n": "3",
            "detection_threshold": "0.75",
            "faces": "detect",
            "keep_photos_s": "3600",
        }
        for _ in range(2):
            response = visitor.post("/jobs/job_1/rerun", data=form)
        assert (response.status_code, response.headers["location"]) == (303, "/jobs/job_2")
        options = {"top_n": 3, "detection_threshold": 0.75, "faces": "detect"}
        assert web_api.bodies(*RERUN)[0] == {
            "model": "mdl_2",
            "keep_photos_s": 3600,
            "options": options,
        }
        keys = {request.headers["idempotency-key"] for request in web_api.sent(*RERUN)}
        assert len(keys) == 1

    @pytest.mark.parametrize(
        ("status", "code"), [(409, "model-unavailable"), (410, "gone"), (422, "validation")]
    )
    def test_a_refusal_is_told_beside_what_was_chosen(
        self, visitor: Visitor, web_api: WebApi, status: int, code: str
    ) -> None:
        web_api.answers[RERUN] = api_problem(status, code)
        response = visitor.post("/jobs/job_1/rerun", data={"model": "mdl_2", "top_n": "x"})
        assert response.status_code == status
        assert f'role="alert">It is {code}.' in response.text
        assert '<option value="mdl_2" selected>' in response.text

    def test_a_silent_service_is_the_pages_error(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers[RERUN] = httpx.Response(500, json={"code": "internal"})
        assert visitor.post("/jobs/job_1/rerun", data={}).status_code == 500


class TestKin:
    def test_a_rerun_names_the_job_and_what_changed(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        parent = web_api.answers["GET", "/v1/jobs/job_1"]
        assert isinstance(parent, dict)
        child = parent | {"id": "job_2", "parent_job_id": "job_1"}
        web_api.answers["GET", "/v1/jobs/job_2"] = child
        web_api.answers |= {
            ("GET", f"/v1/jobs/job_2/{kind}"): web_api.answers["GET", f"/v1/jobs/job_1/{kind}"]
            for kind in ("summary", "items")
        }
        web_api.answers["GET", "/v1/jobs"] = {"data": [child]}
        page = visitor.get("/jobs/job_2").text
        assert '<dt>Run again of</dt><dd><a href="/jobs/job_1">Fair</a>' in page
        assert 'href="/jobs/job_1/diff/job_2"' in page
        of_parent = visitor.get("/jobs/job_1").text
        assert "<dt>Run again</dt>" in of_parent
        assert 'href="/jobs/job_1/diff/job_2"' in of_parent

    def test_a_retry_is_none(self, visitor: Visitor, web_api: WebApi) -> None:
        job = web_api.answers["GET", "/v1/jobs/job_1"]
        assert isinstance(job, dict)
        web_api.answers["GET", "/v1/jobs/job_0"] = job | {"id": "job_0", "counts": {"total": 9}}
        change_job(web_api, parent_job_id="job_0")
        page = visitor.get("/jobs/job_1").text
        assert '<dt>Retry of</dt><dd><a href="/jobs/job_0">Fair</a>' in page
        assert "what changed" not in page

    def test_an_erased_parent_is_an_earlier_job(self, visitor: Visitor, web_api: WebApi) -> None:
        change_job(web_api, parent_job_id="job_0")
        assert "an earlier job" in visitor.get("/jobs/job_1").text


class TestRetry:
    def test_says_how_many_a_retry_can_help(self, visitor: Visitor, web_api: WebApi) -> None:
        facets = {"photos": 2, "faces": 1, "retryable": 1}
        web_api.answers["GET", "/v1/jobs/job_1/facets"] = facets
        assert "Retry 1 photo</button>" in visitor.get("/jobs/job_1").text
        web_api.answers["GET", "/v1/jobs/job_1/facets"] = facets | {"retryable": 0}
        assert "/retry" not in visitor.get("/jobs/job_1").text
