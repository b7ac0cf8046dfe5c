"""Selected photos are erased in a browser: asked about, in pieces, and shown as erased."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from services.web.app import create_app
from services.web.settings import WebSettings
from tests.e2e.web.big_job import BigJob
from tests.fixtures.page import WEB_KEY, Answer
from tests.fixtures.serving import served

PHOTOS = 1_200


class ErasableJob(BigJob):
    """A job that forgets photos; ``pieces`` is how many were named at a time."""

    def __init__(self, photos: int) -> None:
        self.gone: set[int] = set()
        self.pieces: list[int] = []
        super().__init__(photos)

    def _answers(self) -> dict[tuple[str, str], Answer | list[Answer]]:
        return super()._answers() | {("POST", "/v1/jobs/job_1/items/erase"): self._erase}

    def _erase(self, request: httpx.Request) -> httpx.Response:
        numbers = json.loads(request.content)["index"]
        self.pieces.append(len(numbers))
        self.gone |= set(numbers)
        return httpx.Response(200, json={"erased": len(numbers)})

    def _items(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = super()._items(request).json()
        erased = {"faces": [], "image": None, "status": "failed", "error": {"code": "erased"}}
        found = [photo | erased if photo["index"] in self.gone else photo for photo in body["data"]]
        return httpx.Response(200, json=body | {"data": found})


@pytest.fixture
def job() -> ErasableJob:
    return ErasableJob(PHOTOS)


@pytest.fixture
def page(browser: Browser, job: ErasableJob) -> Iterator[Page]:
    app = create_app(WebSettings(api_key=WEB_KEY), transport=job.transport())
    with served(app) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(f"{address}/jobs/job_1")
        page.wait_for_selector(".tile")
        yield page
        context.close()


def test_one_is_asked_about_and_its_tile_says_that_it_is_erased(
    page: Page, job: ErasableJob
) -> None:
    page.locator(".tile a").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Delete 1 photo").click()
    dialog = page.get_by_role("dialog", name="Erase 1 photo for good?")
    expect(dialog.get_by_text("Whole photos go")).to_be_hidden()
    dialog.get_by_role("button", name="Keep them").click()
    assert job.gone == set()
    page.get_by_role("button", name="Delete 1 photo").click()
    dialog.get_by_role("button", name="Erase").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".tile a").first).to_have_attribute("aria-label", "Photo 1: erased")
    expect(page.locator("#chosen")).to_be_hidden()
    assert job.gone == {0}


def test_all_of_a_filter_go_in_pieces_and_of_faces_whole_photos(
    page: Page, job: ErasableJob
) -> None:
    page.get_by_role("button", name="Faces", exact=True).click()
    page.wait_for_selector(".tile.of-face")
    page.locator(".tile a").first.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.get_by_role("button", name="Delete the photos of 10,800 faces").click()
    dialog = page.get_by_role("dialog", name="Erase 1,200 photos for good?")
    expect(dialog.get_by_text("Whole photos go")).to_be_visible()
    dialog.get_by_role("button", name="Erase").click()
    expect(dialog).to_be_hidden()
    assert job.pieces == [500, 500, 200]
    assert len(job.gone) == PHOTOS
