"""The pages without a browser: what they ask the API, and what they show."""

import html
import re

import httpx
import pytest

from tests.fixtures.fake_service import face_json, job_json, photo_json
from tests.fixtures.page import (
    SCRIPT,
    WEB_ADMIN_KEY,
    WEB_KEY,
    Visitor,
    VisitorMaker,
    WebApi,
    api_problem,
    seven,
)

PAGES = ["/", "/jobs", "/jobs/job_1", "/jobs/job_1/photos/itm_0", "/models", "/notice", "/nowhere"]


@pytest.mark.parametrize("path", [*PAGES, "/jobs/job_1/state"])
def test_no_key_is_in_any_answer(make_visitor: VisitorMaker, path: str) -> None:
    response = make_visitor(admin_api_key=WEB_ADMIN_KEY).get(path)
    told = response.text + str(response.headers)
    assert WEB_KEY not in told
    assert WEB_ADMIN_KEY not in told


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/job_1", "/models", "/jobs/job_1/state"])
def test_what_the_library_says_of_a_failed_call_is_in_no_answer(
    visitor: Visitor, web_api: WebApi, path: str
) -> None:
    def illegal(_request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"Illegal header value b'Bearer {WEB_KEY}\\n'")

    web_api.answers = {("GET", f"/v1{path.removesuffix('/state')}"): illegal}
    web_api.answers |= {("GET", "/v1/limits"): illegal}
    for headers in ({}, SCRIPT):
        response = visitor.get(path, headers=headers)
        assert response.status_code == 502
        assert "No answer from the API" in response.text
        assert "Illegal" not in response.text
        assert WEB_KEY not in response.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_results_are_not(visitor: Visitor, path: str) -> None:
    page = visitor.get(path).text
    assert "Apparent expression, not inner feeling" in page
    assert 'href="/notice"' in page
    assert '<html lang="en">' in page


def test_names_from_outside_are_text(visitor: Visitor, web_api: WebApi) -> None:
    evil = "<script>alert(1)</script>\"'.jpg"
    web_api.answers["GET", "/v1/jobs/job_1/items"] = {"data": [photo_json(0, evil)]}
    page = visitor.get("/jobs/job_1").text
    assert "<script>alert" not in page
    assert html.escape("<script>alert") in page


def test_the_notice_says_how_long_photos_are_kept(visitor: Visitor) -> None:
    assert "deleted after 24 hours" in visitor.get("/notice").text


def test_the_notice_says_how_long_photos_may_be_kept_where_jobs_may_ask(
    visitor: Visitor, web_api: WebApi
) -> None:
    limits = web_api.answers["GET", "/v1/limits"]
    web_api.answers["GET", "/v1/limits"] = {**limits, "inputs_retention_max_seconds": 604_800}
    assert "after up to 7 days where a review needs them" in visitor.get("/notice").text


def test_the_notice_is_there_without_the_service(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/limits"] = api_problem(503, "overloaded")
    response = visitor.get("/notice")
    assert response.status_code == 200
    assert "deleted soon" in response.text


class TestHome:
    def test_tells_the_limits_and_the_latest_jobs(self, visitor: Visitor) -> None:
        page = visitor.get("/").text
        assert "up to 40 MB a photo, 100,000 photos a job" in page
        assert 'href="/jobs/job_1"' in page
        assert ".zip" not in page

    def test_offers_archives_where_the_service_takes_them(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        limits = web_api.answers["GET", "/v1/limits"]
        assert isinstance(limits, dict)
        web_api.answers["GET", "/v1/limits"] = {**limits, "archive_entries": 2_000}
        assert ".zip" in visitor.get("/").text

    def test_asks_for_the_limits_once_a_minute(self, visitor: Visitor, web_api: WebApi) -> None:
        for _ in range(3):
            visitor.get("/")
        assert len(web_api.sent("GET", "/v1/limits")) == 1


class TestJobs:
    def test_a_filter_and_a_cursor_reach_the_api(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", "/v1/jobs"] = {"data": [], "next_cursor": "c/2"}
        page = visitor.get("/jobs?status=failed&cursor=c1").text
        (request,) = web_api.sent("GET", "/v1/jobs")
        assert dict(request.url.params) == {"limit": "25", "status": "failed", "cursor": "c1"}
        assert "No job is in this state" in page

    @pytest.mark.parametrize(
        ("typed", "asked"),
        [
            ("Fair 2026", {"q": "Fair 2026"}),
            ("shoot=7 site=b", {"label.shoot": "7", "label.site": "b"}),
            ("a = b", {"q": "a = b"}),
        ],
    )
    def test_a_search_is_for_a_part_of_a_name_or_for_labels(
        self, visitor: Visitor, web_api: WebApi, typed: str, asked: dict[str, str]
    ) -> None:
        web_api.answers["GET", "/v1/jobs"] = {"data": [], "next_cursor": "c2"}
        page = html.unescape(visitor.get("/jobs", params={"q": typed}).text)
        assert dict(web_api.sent("GET", "/v1/jobs")[0].url.params) == {"limit": "25"} | asked
        assert "No job has this in its name or labels" in page
        assert f'value="{typed}"' in page

    def test_labels_of_jobs_lead_to_their_like(self, visitor: Visitor, web_api: WebApi) -> None:
        labelled = job_json("succeeded", no_face=1) | {"labels": {"name": "Fair", "shoot": "7"}}
        web_api.answers["GET", "/v1/jobs"] = {"data": [labelled]}
        page = visitor.get("/jobs").text
        assert 'href="/jobs?q=shoot%3D7"' in page
        assert "name=Fair" not in page

    def test_an_unknown_state_asks_for_all(self, visitor: Visitor, web_api: WebApi) -> None:
        visitor.get("/jobs?status=<x>")
        assert "status" not in web_api.sent("GET", "/v1/jobs")[0].url.params


class TestJob:
    def test_shows_faces_numbered_with_their_three_best(self, visitor: Visitor) -> None:
        page = visitor.get("/jobs/job_1").text
        assert "Fair" in page
        assert 'aria-label="Face 0: happiness, 70 %"' in page
        assert 'href="#face-itm_0-0"' in page
        assert 'id="face-itm_0-0"' in page
        assert 'href="/jobs/job_1/photos/itm_0/medium.jpg"' in page
        assert "Send it again." in page

    def test_the_filter_reaches_the_api(self, visitor: Visitor, web_api: WebApi) -> None:
        visitor.get("/jobs/job_1?expression=anger&min_p=0.9&uncertain=true&status=&cursor=9")
        asked = dict(web_api.sent("GET", "/v1/jobs/job_1/items")[0].url.params)
        assert asked == {
            "limit": "24",
            "cursor": "9",
            "expression": "anger",
            "min_p": "0.9",
            "uncertain": "true",
        }

    def test_choices_that_are_none_ask_for_nothing(self, visitor: Visitor, web_api: WebApi) -> None:
        visitor.get("/jobs/job_1?expression=joy&min_p=2&uncertain=x&status=running&min_side=-1")
        asked = dict(web_api.sent("GET", "/v1/jobs/job_1/items")[0].url.params)
        assert asked == {"limit": "24"}

    def test_photos_that_wait_are_not_shown(self, visitor: Visitor, web_api: WebApi) -> None:
        waiting = photo_json(0, "later.jpg", status="queued", image=None)
        web_api.answers["GET", "/v1/jobs/job_1"] = job_json("running", queued=1) | {"id": "job_1"}
        web_api.answers["GET", "/v1/jobs/job_1/items"] = {"data": [waiting]}
        page = visitor.get("/jobs/job_1").text
        assert "later.jpg" not in page
        assert "<progress" in page
        assert "/cancel" in page
        assert "/retry" not in page

    def test_further_photos_keep_the_filter(self, visitor: Visitor, web_api: WebApi) -> None:
        found = web_api.answers["GET", "/v1/jobs/job_1/items"]
        assert isinstance(found, dict)
        web_api.answers["GET", "/v1/jobs/job_1/items"] = {**found, "next_cursor": "24"}
        page = html.unescape(visitor.get("/jobs/job_1?expression=happiness").text)
        assert 'href="/jobs/job_1?cursor=24&expression=happiness#gallery"' in page

    def test_a_job_names_the_key_that_made_it(self, visitor: Visitor, web_api: WebApi) -> None:
        made_by = {"id": "job_1", "created_by": {"key_id": "key_1", "name": "nightly"}}
        web_api.answers["GET", "/v1/jobs/job_1"] = job_json("succeeded", no_face=1) | made_by
        assert "<dt>Submitted by</dt><dd>nightly</dd>" in visitor.get("/jobs/job_1").text

    def test_a_job_tells_when_photos_and_results_go(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        times = {"photos_expire_at": "2099-01-01T00:00:00Z", "expires_at": "2099-01-02T00:00:00Z"}
        job = web_api.answers["GET", "/v1/jobs/job_1"]
        assert isinstance(job, dict)
        web_api.answers["GET", "/v1/jobs/job_1"] = job | times
        page = visitor.get("/jobs/job_1").text
        assert "<dt>Photos are erased</dt><dd>in " in page
        assert "<dt>Results are erased</dt><dd>in " in page

    def test_choices_show_how_many_they_leave(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", "/v1/jobs/job_1/facets"] = {
            "photos": 2,
            "faces": 40,
            "uncertain": 3,
            "expressions": {"happiness": 31},
            "confidence": [0] * 12 + [20, 10, 10, 0, 0, 0, 0, 0],
            "statuses": {"failed": 1},
            "folders": [{"name": "2026/may", "photos": 2}],
        }
        page = visitor.get("/jobs/job_1?q=fair").text
        for words in ("happiness (31)", "at least 65 % (20)", "uncertain only (3)", "failed (1)"):
            assert words in page
        assert "2026/may (2)" in page
        assert "at least 95 %" not in page
        asked = web_api.sent("GET", "/v1/jobs/job_1/facets")[0].url.params
        assert dict(asked) == {"q": "fair"}

    def test_the_face_that_fits_stands_first(self, visitor: Visitor, web_api: WebApi) -> None:
        faces = [face_json(n) | {"emotions": seven("fear")} for n in range(4)]
        faces.append(face_json(4) | {"emotions": seven("anger")})
        photo = photo_json(0, "a.jpg", faces=faces)
        web_api.answers["GET", "/v1/jobs/job_1/items"] = {"data": [photo]}
        page = visitor.get("/jobs/job_1?expression=anger&view=list").text
        listed = re.findall(r'<li class="face([^"]*)" id="face-itm_0-(\d)"', page)
        assert listed[0] == (" match", "4")
        assert [number for _, number in listed] == ["4", "0", "1", "2", "3"]

    def test_the_parts_come_alone(self, visitor: Visitor, web_api: WebApi) -> None:
        page = visitor.get("/jobs/job_1/parts?expression=happiness").text
        assert 'id="head"' in page
        assert 'id="side"' in page
        assert "<html" not in page
        assert web_api.sent("GET", "/v1/jobs/job_1/items") == []

    def test_downloads_keep_the_filter(self, visitor: Visitor, web_api: WebApi) -> None:
        page = html.unescape(visitor.get("/jobs/job_1?expression=happiness&min_p=0.9").text)
        assert 'href="/jobs/job_1/download/csv?expression=happiness&min_p=0.9"' in page
        path = "/v1/jobs/job_1/results"
        web_api.answers["GET", path] = httpx.Response(200, content=b"a,b\n")
        visitor.get("/jobs/job_1/download/csv?expression=happiness&min_p=0.9&other=1")
        asked = dict(web_api.sent("GET", path)[0].url.params)
        assert asked.pop("format") == "csv"
        assert asked == {"partial": "true", "expression": "happiness", "min_p": "0.9"}

    def test_a_long_job_says_where_in_it_one_is(self, visitor: Visitor, web_api: WebApi) -> None:
        photos = [photo_json(place, f"{place}.jpg", status="no_face") for place in (24, 25)]
        counts = job_json("succeeded", no_face=2_000) | {"id": "job_1"}
        web_api.answers["GET", "/v1/jobs/job_1"] = counts
        web_api.answers["GET", "/v1/jobs/job_1/items"] = {"data": photos, "next_cursor": "26"}
        page = visitor.get("/jobs/job_1?cursor=24").text
        assert "25 to 26 of 2,000" in page
        assert "First photos" in page
        assert "Further photos" in page

    def test_a_page_without_anything_to_show_still_leads_on(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        gone = photo_json(0, "a.jpg", status="cancelled", image=None)
        web_api.answers["GET", "/v1/jobs/job_1/items"] = {"data": [gone], "next_cursor": "24"}
        assert "Further photos" in visitor.get("/jobs/job_1").text

    def test_erased_photos_are_told_and_not_asked_for(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        job = web_api.answers["GET", "/v1/jobs/job_1"]
        assert isinstance(job, dict)
        web_api.answers["GET", "/v1/jobs/job_1"] = {**job, "inputs_erased_at": "2026-11-24T00:00Z"}
        page = visitor.get("/jobs/job_1").text
        assert "The photos of this job are erased" in page
        assert "medium.jpg" not in page
        assert "download/zip" not in page

    def test_its_state_says_when_to_ask_again(self, visitor: Visitor, web_api: WebApi) -> None:
        running = job_json("running", queued=3, succeeded=1) | {"eta_seconds": 120}
        web_api.answers["GET", "/v1/jobs/job_1"] = httpx.Response(
            200, json=running, headers={"Retry-After": "5"}
        )
        response = visitor.get("/jobs/job_1/state", headers=SCRIPT)
        assert response.headers["retry-after"] == "5"
        state = response.json()
        assert (state["final"], state["finished"]) == (False, 1)
        assert state["line"] == "1 of 4 photos, about 2 minutes left"

    @pytest.mark.parametrize(
        ("action", "asked", "target"),
        [
            ("cancel", ("POST", "/v1/jobs/job_1/cancel"), "/jobs/job_1"),
            ("retry", ("POST", "/v1/jobs/job_1/retry"), "/jobs/job_2"),
            ("delete", ("DELETE", "/v1/jobs/job_1"), "/jobs"),
        ],
    )
    def test_actions_are_done_and_told(
        self, visitor: Visitor, web_api: WebApi, action: str, asked: tuple[str, str], target: str
    ) -> None:
        web_api.answers[asked] = {"id": "job_2"}
        web_api.answers["GET", "/v1/jobs/job_2"] = job_json("queued", queued=1)
        response = visitor.post(f"/jobs/job_1/{action}")
        assert (response.status_code, response.headers["location"]) == (303, target)
        assert len(web_api.sent(*asked)) == 1
        assert 'class="flash"' in visitor.get("/jobs").text
        assert 'class="flash"' not in visitor.get("/jobs").text


class TestErrors:
    @pytest.mark.parametrize(
        ("problem", "shown", "words"),
        [
            ((404, "not-found"), 404, "Title of not-found"),
            ((410, "gone"), 410, "It is gone."),
            ((503, "overloaded"), 503, "It is overloaded."),
            ((401, "unauthenticated"), 502, "HFER_WEB__API_KEY"),
            ((403, "insufficient-scope"), 502, "scope"),
            ((500, "internal"), 500, "req_7"),
            ((500, "internal"), 500, "Reload the page"),
        ],
    )
    def test_show_what_the_api_says_and_what_only_the_page_knows(
        self, visitor: Visitor, web_api: WebApi, problem: tuple[int, str], shown: int, words: str
    ) -> None:
        web_api.answers["GET", "/v1/jobs/job_1"] = api_problem(*problem)
        response = visitor.get("/jobs/job_1")
        assert response.status_code == shown
        assert words in response.text

    def test_a_silent_api_is_told_with_comfort(self, visitor: Visitor, web_api: WebApi) -> None:
        def silent(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        web_api.answers["GET", "/v1/jobs"] = silent
        response = visitor.get("/jobs")
        assert response.status_code == 502
        assert "are safe" in response.text

    def test_scripts_get_json(self, visitor: Visitor) -> None:
        response = visitor.get("/jobs/job_x/state", headers=SCRIPT)
        assert response.status_code == 404
        assert set(response.json()) == {"title", "detail", "advice", "code", "request_id"}

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_a_method_that_no_page_has(self, visitor: Visitor, method: str) -> None:
        assert visitor.ask(method, "/jobs").status_code == 405


class TestPictures:
    def jpeg(self, web_api: WebApi, path: str, media_type: str = "image/jpeg") -> None:
        web_api.answers["GET", path] = httpx.Response(
            200, content=b"\xff\xd8\xff", headers={"Content-Type": media_type}
        )

    @pytest.mark.parametrize("size", ["thumbnail", "small", "medium", "large"])
    def test_a_photo_comes_in_the_size_asked_for(
        self, visitor: Visitor, web_api: WebApi, size: str
    ) -> None:
        path = "/v1/jobs/job_1/items/itm_0/photo"
        self.jpeg(web_api, path)
        response = visitor.get(f"/jobs/job_1/photos/itm_0/{size}.jpg")
        assert response.content == b"\xff\xd8\xff"
        assert response.headers["cache-control"].startswith("private")
        assert web_api.sent("GET", path)[0].url.params["size"] == size

    def test_the_annotated_photo(self, visitor: Visitor, web_api: WebApi) -> None:
        self.jpeg(web_api, "/v1/jobs/job_1/items/itm_0/annotated")
        assert visitor.get("/jobs/job_1/photos/itm_0/annotated.jpg").status_code == 200

    def test_other_sizes_do_not_exist(self, visitor: Visitor, web_api: WebApi) -> None:
        assert visitor.get("/jobs/job_1/photos/itm_0/huge.jpg").status_code == 404
        assert web_api.requests == []

    @pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", ""])
    def test_what_is_no_picture_is_not_passed_on(
        self, visitor: Visitor, web_api: WebApi, media_type: str
    ) -> None:
        self.jpeg(web_api, "/v1/models/m/files/x.html", media_type)
        assert visitor.get("/models/m/files/x.html").status_code == 502


class TestDownloads:
    @pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
    def test_results_come_as_the_api_sends_them(
        self, visitor: Visitor, web_api: WebApi, form: str
    ) -> None:
        path = "/v1/jobs/job_1/results"
        web_api.answers["GET", path] = httpx.Response(
            200, content=b"a,b\n", headers={"Content-Type": "text/csv"}
        )
        response = visitor.get(f"/jobs/job_1/download/{form}")
        assert response.content == b"a,b\n"
        assert response.headers["content-disposition"].endswith(f'"hfer-job_1.{form}"')
        asked = dict(web_api.sent("GET", path)[0].url.params)
        assert asked == {"format": form, "partial": "true"}

    def test_the_zip(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", "/v1/jobs/job_1/artifacts"] = httpx.Response(200, content=b"PK")
        assert visitor.get("/jobs/job_1/download/zip").content == b"PK"

    def test_a_refusal_is_a_page_and_no_broken_file(self, visitor: Visitor) -> None:
        response = visitor.get("/jobs/job_1/download/zip")
        assert response.status_code == 404
        assert "text/html" in response.headers["content-type"]
        assert visitor.get("/jobs/job_1/download/exe").status_code == 404


def test_addresses_of_scripts_and_styles_carry_their_version(visitor: Visitor) -> None:
    page = visitor.get("/notice").text
    found = set(re.findall(r"/static/[a-z]+\.\w+\?v=([\w-]+)", page))
    assert len(found) == 1
    for path in re.findall(r'"(/static/[^"]+)"', page):
        assert visitor.get(path).status_code == 200
