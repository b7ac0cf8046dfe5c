"""The page that sets two jobs over the same photos side by side."""

from typing import Any

import httpx
import pytest

from tests.fixtures.page import EXPRESSIONS, Visitor, WebApi, api_problem

PATH = "/v1/jobs/job_1/diff"


def diff_json(**changes: Any) -> dict[str, Any]:
    confusion = [[0] * 7 for _ in range(7)]
    confusion[3][3], confusion[6][3] = 100, 9
    face = {"index": 4, "item_id": "itm_4", "with_item_id": "itm_14", "filename": "beach.jpg"}
    changed = {
        "this": {"face_index": 2, "expression": "neutral", "p": 0.61},
        "other": {"face_index": 1, "expression": "happiness", "p": 0.52},
    }
    totals = {
        "photos": 80,
        "unanswered": 1,
        "faces": 109,
        "changed": 9,
        "lost": 1,
        "gained": 0,
        "mean_shift": 0.071,
        "emotions": list(EXPRESSIONS),
        "confusion": confusion,
    }
    lone = face | {"this": changed["this"], "other": None, "iou": None}
    found = {"data": [face | changed | {"iou": 1.0}, lone], "next_cursor": None, "totals": totals}
    return found | changes


@pytest.fixture(autouse=True)
def jobs(web_api: WebApi) -> None:
    job = web_api.answers["GET", "/v1/jobs/job_1"]
    assert isinstance(job, dict)
    web_api.answers["GET", "/v1/jobs/job_2"] = job | {"id": "job_2", "parent_job_id": "job_1"}
    web_api.answers["GET", PATH] = diff_json()


def test_says_in_words_what_changed(visitor: Visitor, web_api: WebApi) -> None:
    page = visitor.get("/jobs/job_1/diff/job_2").text
    assert "Both jobs have 80 photos, and both found 109 faces on them." in page
    assert "9 of these are answered otherwise (8.3 %)." in page
    assert "differ by 7.1 % on average" in page
    assert "1 photo has no result in one of them." in page
    asked = dict(web_api.sent("GET", PATH)[0].url.params)
    assert asked == {"with": "job_2", "limit": "48"}


def test_cells_lead_to_their_faces(visitor: Visitor, web_api: WebApi) -> None:
    address = "/jobs/job_1/diff/job_2?expression=neutral&other_expression=happiness"
    page = visitor.get("/jobs/job_1/diff/job_2").text
    assert f'href="{address.replace("&", "&amp;")}#faces"' in page
    assert "expression=happiness&amp;other_expression=happiness" not in page
    page = visitor.get(f"{address}&found=x").text
    asked = dict(web_api.sent("GET", PATH)[-1].url.params)
    assert (asked["expression"], asked["other_expression"]) == ("neutral", "happiness")
    assert "found" not in asked
    assert "neutral, then happiness</h2>" in page
    assert 'aria-current="true">9</a>' in page


def test_faces_stand_side_by_side_with_their_answers(visitor: Visitor) -> None:
    page = visitor.get("/jobs/job_1/diff/job_2").text
    assert 'src="/jobs/job_1/photos/itm_4/faces/2.jpg"' in page
    assert 'src="/jobs/job_2/photos/itm_14/faces/1.jpg"' in page
    assert "<strong>neutral</strong> 61 %" in page
    assert "<strong>happiness</strong> 52 %" in page
    assert "not found</span>" in page
    assert 'title="beach.jpg: neutral 61 %, then happiness 52 %"' in page


def test_further_faces_come_without_the_sums(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", PATH] = diff_json(next_cursor="c2")
    assert "found=this&amp;cursor=c2" in visitor.get("/jobs/job_1/diff/job_2?found=this").text
    web_api.answers["GET", PATH] = diff_json(totals=None)
    page = visitor.get("/jobs/job_1/diff/job_2?found=this&cursor=c2").text
    assert "First faces, with the sums" in page
    assert 'class="confusion"' not in page


def test_erased_photos_have_no_crops(visitor: Visitor, web_api: WebApi) -> None:
    job = web_api.answers["GET", "/v1/jobs/job_1"]
    assert isinstance(job, dict)
    web_api.answers["GET", "/v1/jobs/job_1"] = job | {"inputs_erased_at": "2026-11-24T00:00Z"}
    page = visitor.get("/jobs/job_1/diff/job_2").text
    assert "/jobs/job_1/photos/itm_4/faces" not in page
    assert "/jobs/job_2/photos/itm_14/faces" in page


def test_nothing_changed_is_said(visitor: Visitor, web_api: WebApi) -> None:
    totals = diff_json()["totals"] | {"changed": 0, "lost": 0, "unanswered": 0}
    web_api.answers["GET", PATH] = diff_json(data=[], totals=totals)
    page = visitor.get("/jobs/job_1/diff/job_2").text
    assert "All of these are answered alike." in page
    assert "There is no such face." in page


@pytest.mark.parametrize("typed", ["job_2", "http://127.0.0.1/jobs/job_2", " job_2/ "])
def test_another_job_is_chosen_by_id_or_address(visitor: Visitor, typed: str) -> None:
    response = visitor.get("/jobs/job_1/diff", params={"other": typed})
    assert (response.status_code, response.headers["location"]) == (303, "/jobs/job_1/diff/job_2")


def test_reruns_are_offered(visitor: Visitor, web_api: WebApi) -> None:
    third = {"id": "job_3", "parent_job_id": "job_1"}
    web_api.answers["GET", "/v1/jobs"] = {
        "data": [web_api.answers["GET", "/v1/jobs/job_2"] | third]  # type: ignore[operator]
    }
    assert 'href="/jobs/job_1/diff/job_3"' in visitor.get("/jobs/job_1/diff/job_2").text


def test_a_refusal_is_a_page(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", PATH] = api_problem(409, "job-not-finished")
    response = visitor.get("/jobs/job_1/diff/job_2")
    assert response.status_code == 409
    assert "It is job-not-finished." in response.text


def test_a_face_comes_as_a_picture(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/jobs/job_1/items/itm_4/faces/2/crop"] = httpx.Response(
        200, content=b"\xff\xd8\xff", headers={"Content-Type": "image/jpeg"}
    )
    assert visitor.get("/jobs/job_1/photos/itm_4/faces/2.jpg").content == b"\xff\xd8\xff"
