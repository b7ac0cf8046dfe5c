"""`/jobs/{id}/reviews`: what it asks the API, and what it tells."""

import html
import re
from typing import Any

import httpx
import pytest

from tests.fixtures.page import Visitor, WebApi, api_problem
from tests.fixtures.taught_json import dataset, draw, review_summary, trained_model

JOB = "/v1/jobs/job_1"
PAGE = "/jobs/job_1/reviews"


@pytest.fixture(autouse=True)
def reviewed(web_api: WebApi) -> None:
    """A job with reviews and a draw; no data set yet."""
    web_api.answers |= {
        ("GET", f"{JOB}/reviews/summary"): review_summary(),
        ("GET", f"{JOB}/draws"): {"data": [draw()]},
        ("GET", "/v1/datasets"): {"data": [], "next_cursor": None},
        ("GET", "/v1/api-keys/current"): {"scopes": ["jobs:read", "review"]},
    }


def words(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_tells_how_far_and_how_right(visitor: Visitor) -> None:
    told = words(visitor.get(PAGE).text)
    assert "512 of 4,210 faces reviewed by 1 person." in told
    assert "79.0 % 95 % interval 73.5 % to 83.7 %, 240 faces" in told
    assert "About 17 more drawn faces." in told
    assert "Of 300 drawn faces 244 count" in told


def test_what_is_undefined_or_not_known_is_said_in_words(visitor: Visitor) -> None:
    told = words(visitor.get(PAGE).text)
    assert "Cohen's kappa undefined 240 faces. Undefined: only one answer occurs" in told
    assert "alpha not known 0 faces. No face has the blind votes of two people yet." in told


def test_cells_open_their_faces(visitor: Visitor) -> None:
    page = html.unescape(visitor.get(PAGE).text)
    assert 'href="/jobs/job_1?of=faces&expression=neutral&answer=happiness#gallery"' in page
    assert "the model says neutral, a reviewer happiness" in page
    assert "answer=fear" not in page


def test_the_job_page_takes_the_filter_of_a_cell(visitor: Visitor, web_api: WebApi) -> None:
    page = visitor.get("/jobs/job_1?of=faces&expression=neutral&answer=not_a_face").text
    asked = web_api.sent("GET", f"{JOB}/items")[0].url.params
    assert (asked["expression"], asked["answer"]) == ("neutral", "not_a_face")
    assert '<option value="not_a_face" selected>not a face' in page


def test_the_job_page_leads_here_with_the_count(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", f"{JOB}/facets"] = {"reviewed": 512, "faces": 600}
    assert f'<a href="{PAGE}">512 faces reviewed</a>' in visitor.get("/jobs/job_1").text


def test_draws_lead_to_a_blind_review(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", f"{JOB}/draws"] = {"data": [draw(), draw(draw_id="drw_2", reviewed=300)]}
    page = html.unescape(visitor.get(PAGE).text)
    assert 'href="/jobs/job_1?of=faces&draw=drw_1&review=yes"' in page
    assert page.count("all reviewed") == 1
    # The next person's votes tell how far people agree.
    assert "draw=drw_2&review=yes" in page


def test_faces_are_drawn(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", f"{JOB}/draws"] = draw(faces=50)
    answer = visitor.post("/jobs/job_1/draws", data={"count": "50", "by": "each"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#draws")
    assert web_api.bodies("POST", f"{JOB}/draws") == [{"count": 50, "by_expression": True}]
    assert "50 faces are drawn at random." in visitor.get(PAGE).text


def test_a_data_set_is_made_and_shown(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", "/v1/datasets"] = dataset()
    form = {
        "name": "party",
        "consent": "",
        "held_out": "40 %",
        "least_of_each": "2",
        "others": "job_2 job_3",
    }
    answer = visitor.post("/jobs/job_1/datasets", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/datasets/dst_1")
    assert web_api.bodies("POST", "/v1/datasets") == [
        {
            "name": "party",
            "jobs": ["job_1", "job_2", "job_3"],
            "held_out": 0.4,
            "least_of_each": 2,
        }
    ]


def test_a_refusal_is_told_as_the_api_says_it_beside_what_was_filled_in(
    visitor: Visitor, web_api: WebApi
) -> None:
    web_api.answers["POST", "/v1/datasets"] = api_problem(409, "dataset-too-small")
    answer = visitor.post("/jobs/job_1/datasets", data={"name": "fair", "least_of_each": "9"})
    assert answer.status_code == 409
    assert 'role="alert" id="make-trouble">It is dataset-too-small.' in answer.text
    assert 'value="fair"' in answer.text
    assert 'value="9"' in answer.text


def test_fields_that_do_not_fit_are_named(visitor: Visitor, web_api: WebApi) -> None:
    errors = [{"pointer": "#/count", "detail": "Input should be a valid integer."}]
    body = {"code": "validation", "detail": "1 field is wrong.", "errors": errors}
    web_api.answers["POST", f"{JOB}/draws"] = httpx.Response(422, json=body)
    answer = visitor.post("/jobs/job_1/draws", data={"count": "many"})
    assert answer.status_code == 422
    assert "Input should be a valid integer." in answer.text
    assert web_api.bodies("POST", f"{JOB}/draws")[0]["count"] == "many"


def test_a_key_without_the_scope_is_told_and_offered_nothing(
    visitor: Visitor, web_api: WebApi
) -> None:
    web_api.answers["GET", "/v1/api-keys/current"] = {"scopes": ["jobs:read"]}
    page = visitor.get(PAGE).text
    assert "lacks the scope <code>review</code>" in page
    assert 'method="post"' not in page


def test_votes_come_as_csv(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/reviews/votes"] = httpx.Response(
        200, content=b"file\r\n", headers={"Content-Type": "text/csv"}
    )
    answer = visitor.get(f"{PAGE}/votes.csv")
    assert answer.content == b"file\r\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="votes-job_1.csv"'
    assert dict(web_api.sent("GET", "/v1/reviews/votes")[0].url.params) == {"job_id": "job_1"}


class TestWhatNext:
    def done(self, visitor: Visitor) -> list[str]:
        page = visitor.get(PAGE).text
        return re.findall(r'<li class="done">\s*<h3>([^<]+?) <', page)

    def test_begins_with_reviews(self, visitor: Visitor) -> None:
        page = html.unescape(visitor.get(PAGE).text)
        assert self.done(visitor) == []
        assert f'<a href="{PAGE}#make">Make one</a>' in page
        assert '<a href="/jobs/job_1/rerun">Run again</a>' in page

    def test_ticks_what_is_done(self, visitor: Visitor, web_api: WebApi) -> None:
        model = trained_model(active=True)
        rerun = web_api.answers["GET", JOB] | {"id": "job_2", "parent_job_id": "job_1"}  # type: ignore[operator]
        enough = review_summary()["model"] | {"more": 0}
        web_api.answers |= {
            ("GET", f"{JOB}/reviews/summary"): review_summary(model=enough),
            ("GET", "/v1/datasets"): {"data": [dataset()], "next_cursor": None},
            ("GET", "/v1/models"): {"data": [model]},
            ("GET", f"/v1/models/{model['id']}"): model,
            ("GET", "/v1/jobs"): {"data": [rerun], "next_cursor": None},
        }
        assert len(self.done(visitor)) == 7
        page = html.unescape(visitor.get(PAGE).text)
        assert (
            "63.0 % right, before 57.0 %, of the same 120 held-out faces: +6.0 points"
            " (95 % interval +0.5 to +11.0)" in page
        )
        assert '<a href="/jobs/job_1/diff/job_2">What changed</a>' in page

    def test_names_the_lines_to_type(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", "/v1/datasets"] = {"data": [dataset(2)], "next_cursor": None}
        web_api.answers["GET", "/v1/models"] = {"data": []}
        told = words(visitor.get(PAGE).text)
        assert "make finetune DATA=party-2.tar NAME=party" in told
        assert self.done(visitor) == ["Make a data set of the reviews"]

    def test_a_retry_is_no_rerun(self, visitor: Visitor, web_api: WebApi) -> None:
        job: Any = web_api.answers["GET", JOB]
        retry = job | {"id": "job_2", "parent_job_id": "job_1", "counts": {"total": 1}}
        web_api.answers["GET", "/v1/jobs"] = {"data": [retry], "next_cursor": None}
        assert self.done(visitor) == []

    def test_says_when_the_photos_are_gone(self, visitor: Visitor, web_api: WebApi) -> None:
        job: Any = web_api.answers["GET", JOB]
        web_api.answers["GET", JOB] = job | {"inputs_erased_at": "2026-12-01T07:00:00Z"}
        told = words(visitor.get(PAGE).text)
        assert "The photos of this job are erased: submit them again" in told
