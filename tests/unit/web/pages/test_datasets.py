"""`/datasets`: the list, one version, its archive, and its end."""

import html

import httpx
import pytest

from tests.fixtures.page import Visitor, WebApi, api_problem
from tests.fixtures.taught_json import dataset, trained_model

ONE = "/v1/datasets/dst_1"


@pytest.fixture(autouse=True)
def there(web_api: WebApi) -> None:
    """A version that is ready, and no model of it."""
    web_api.answers |= {
        ("GET", "/v1/datasets"): {"data": [dataset()], "next_cursor": None},
        ("GET", ONE): dataset(),
        ("GET", "/v1/models"): {"data": []},
    }


def test_are_listed_by_page(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/datasets"] = {
        "data": [dataset(2, thinned_at="2026-12-01T09:00:00Z", erased=2), dataset()],
        "next_cursor": "c/2",
    }
    page = visitor.get("/datasets").text
    assert '<a href="/datasets/dst_2">party, version 2</a>' in page
    assert "278 faces, 2 erased since it was made" in page
    assert page.count(">thinned<") == 1
    assert 'href="/datasets?cursor=c%2F2"' in page
    assert 'aria-current="page">Data sets' in page


def test_none_says_how_one_is_made(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/datasets"] = {"data": [], "next_cursor": None}
    assert "make one on its page of reviews" in visitor.get("/datasets").text


def test_one_tells_counts_jobs_and_the_lines_to_go_on(visitor: Visitor) -> None:
    page = html.unescape(visitor.get("/datasets/dst_1").text)
    told = page.replace("</span> <span>", " ")
    assert '<a href="/jobs/job_1/reviews">Fair</a>' in page
    assert "4 said to be no face" in page
    assert "<td>120</td><td>0</td><td>30</td>" in page
    for line in (
        "hfer dataset download dst_1 --out party-1.tar",
        "make finetune DATA=party-1.tar NAME=party",
        "hfer models publish runs/party/bundle",
    ):
        assert f"<code><span>{line}</span></code>" in told


def test_one_that_is_thinned_or_from_an_erased_job_says_so(
    visitor: Visitor, web_api: WebApi
) -> None:
    web_api.answers["GET", ONE] = dataset(erased=1, thinned_at="2026-12-01T09:00:00Z")
    web_api.answers["GET", "/v1/jobs/job_1"] = api_problem(410, "gone")
    page = visitor.get("/datasets/dst_1").text
    assert "1 face was erased since it was made, the last at 2026-12-01 09:00 UTC" in page
    assert "a job that is erased" in page


def test_one_that_is_not_ready_has_no_archive(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", ONE] = dataset(state="building", counts={}, ready_at=None)
    page = visitor.get("/datasets/dst_1").text
    assert "Look again" in page
    assert "/archive" not in page
    web_api.answers["GET", ONE] = dataset(state="failed", counts={}, failure="Too few. Review on.")
    assert '<p class="trouble">Too few. Review on.' in visitor.get("/datasets/dst_1").text


def test_names_the_models_that_were_trained_on_it(visitor: Visitor, web_api: WebApi) -> None:
    mine, others = trained_model(2), trained_model(3, data_set={"id": "dst_9"})
    earlier = trained_model(4, created_at="2026-11-01T00:00:00Z")
    web_api.answers["GET", "/v1/models"] = {"data": [mine, others, earlier]}
    for model in (mine, others):
        web_api.answers["GET", f"/v1/models/{model['id']}"] = model
    page = visitor.get("/datasets/dst_1").text
    assert f'href="/models/{mine["id"]}"' in page
    assert others["id"] not in page
    assert web_api.sent("GET", f"/v1/models/{earlier['id']}") == []


def test_the_archive_is_streamed_under_its_name(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", f"{ONE}/archive"] = httpx.Response(
        200, content=b"tar", headers={"Content-Type": "application/x-tar"}
    )
    answer = visitor.get("/datasets/dst_1/archive")
    assert (answer.content, answer.headers["content-type"]) == (b"tar", "application/x-tar")
    assert answer.headers["content-disposition"] == 'attachment; filename="party-1.tar"'


def test_is_deleted(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["DELETE", ONE] = httpx.Response(204)
    answer = visitor.post("/datasets/dst_1/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/datasets")
    assert len(web_api.sent("DELETE", ONE)) == 1
    assert "The data set is deleted." in visitor.get("/datasets").text
