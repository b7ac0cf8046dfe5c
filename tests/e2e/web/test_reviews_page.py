"""Reviews and data sets on the page: drawn, agreed on, opened in the grid, made, deleted."""

import html
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from infra.local.stack import LocalStack
from services.web.app import create_app
from services.web.settings import WebSettings
from tests.e2e.web.conftest import PHONE, NewPage
from tests.e2e.web.test_accessibility import violations
from tests.fixtures.page import WEB_KEY, WebApi, usual_answers
from tests.fixtures.serving import served
from tests.fixtures.taught_json import dataset, trained_model


@pytest.fixture(scope="module")
def reviews(stack: LocalStack, job: str) -> Iterator[httpx.Client]:
    """The API's reviews of the job, as reviewers' programs reach them."""
    with httpx.Client(
        base_url=f"{stack.url}/v1{job}/",
        headers={"Authorization": f"Bearer {stack.tenant_key()}"},
    ) as client:
        yield client


def say(client: httpx.Client, draw: dict[str, Any], reviewer: str, answers: list[str]) -> None:
    """Answer the faces of a draw blind, in their order."""
    said = zip(draw["item_id"], draw["face_index"], answers, strict=False)
    given = [
        {
            "item_id": item,
            "face_index": face,
            "reviewer": reviewer,
            "answer": answer,
            "blind": True,
        }
        for item, face, answer in said
    ]
    client.post("reviews", json={"reviews": given}).raise_for_status()


def test_reviews_from_the_draw_to_the_table(
    new_page: NewPage, job: str, reviews: httpx.Client
) -> None:
    page = new_page(f"{job}/reviews", expect=("409",))
    expect(page.get_by_text("Draw faces at random and review them blind").first).to_be_visible()
    page.get_by_label("Faces", exact=True).fill("6")
    page.get_by_role("button", name="Draw at random").click()
    expect(page.locator(".flash")).to_have_text("6 faces are drawn at random.")
    blind = page.get_by_role("link", name="Review blind the 6 faces").get_attribute("href")
    made = reviews.get("draws").json()["data"][0]
    assert blind == f"{job}?of=faces&draw={made['draw_id']}&review=yes"

    draw = reviews.get(f"draws/{made['draw_id']}").json()
    say(reviews, draw, "ada", ["neutral", "fear", "neutral", "anger", "neutral", "neutral"])
    say(reviews, draw, "bob", ["neutral", "fear", "anger", "anger"])
    page.reload()
    expect(page.get_by_text("6 of 6 reviewed")).to_be_visible()
    expect(page.locator("#accuracy + .headline")).to_contain_text("95 % interval")
    expect(page.locator(".facts", has_text="kappa")).to_contain_text("4 faces")
    assert violations(page) == []

    cell = page.locator(".confusion a").first
    faces = cell.inner_text()
    cell.click()
    expect(page.locator("#gallery-title")).to_contain_text(f"{faces} face")
    expect(page.locator(".tile").first).to_be_visible()

    page.goto(f"{page.url.split('/jobs/')[0]}{job}/reviews")
    with page.expect_download() as download:
        page.get_by_role("link", name="Votes as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert (lines[0][:12], len(lines)) == ("file,surpris", 1 + 6)

    page.get_by_label("Name", exact=True).fill("party")
    page.get_by_role("button", name="Make data set").click()
    expect(page.get_by_role("alert")).to_contain_text("30 are needed")
    expect(page.get_by_label("Name", exact=True)).to_have_value("party")
    assert violations(page) == []


def test_reads_without_scripts_and_on_a_phone(new_page: NewPage, job: str) -> None:
    page = new_page(f"{job}/reviews", size=PHONE, java_script_enabled=False)
    for heading in ("What next", "How right the model is here", "Random draws", "Make a data set"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.locator(".steps > li")).to_have_count(7)
    page = new_page(f"{job}/reviews", size=PHONE, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert violations(page) == []


def test_a_data_set_tells_what_is_in_it_and_goes(new_page: NewPage) -> None:
    thinned = dataset(erased=2, thinned_at="2026-12-01T09:00:00Z")
    model = trained_model(2, active=True)
    listed = {"data": [dataset(2, state="building", counts={}), thinned], "next_cursor": None}
    api = WebApi(
        usual_answers()
        | {
            ("GET", "/v1/datasets"): listed,
            ("GET", "/v1/datasets/dst_1"): thinned,
            ("DELETE", "/v1/datasets/dst_1"): httpx.Response(204),
            ("GET", "/v1/models"): {"data": [model]},
            ("GET", f"/v1/models/{model['id']}"): model,
        }
    )
    app = create_app(WebSettings(api_key=WEB_KEY), transport=httpx.MockTransport(api))
    with served(app) as at:
        page = new_page("/datasets", at=at)
        assert violations(page) == []
        page.get_by_role("link", name="party, version 1").click()
        expect(page.locator(".flash")).to_contain_text("2 faces were erased")
        assert "make finetune DATA=party-1.tar NAME=party" in html.unescape(page.inner_text("main"))
        assert violations(page) == []
        page.get_by_role("button", name="Delete", exact=True).click()
        assert violations(page) == []
        page.get_by_role("button", name="Delete for good").click()
        expect(page.locator(".flash")).to_contain_text("The data set is deleted.")
    assert len(api.sent("DELETE", "/v1/datasets/dst_1")) == 1
