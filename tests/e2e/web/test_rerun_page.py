"""Running a job again and what changed, in a browser, over a job in memory."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from services.web.app import create_app
from services.web.settings import WebSettings
from tests.e2e.web.big_job import BigJob, jpeg
from tests.e2e.web.conftest import DESKTOP, PHONE
from tests.e2e.web.test_accessibility import violations
from tests.fixtures.page import EXPRESSIONS, WEB_KEY, WebApi, api_problem
from tests.fixtures.serving import served

JOB, RERUN = "/jobs/job_1", "/jobs/job_2"
MODELS = [
    {"id": "mdl_1", "name": "starter", "version": "1.1.0", "active": True},
    {"id": "mdl_2", "name": "mine", "version": "0.2.0", "active": False},
]


def answer(place: int, p: float, face: int) -> dict[str, Any]:
    return {"face_index": face, "expression": EXPRESSIONS[place], "p": p}


def diff(request: httpx.Request) -> httpx.Response:
    """Thirty faces of another answer, narrowed as the API does."""
    confusion = [[100 if row == column else (row * 3 + column) % 4 for column in range(7)]
                 for row in range(7)]  # fmt: skip
    faces = [
        {
            "index": n,
            "item_id": f"itm_{n}",
            "with_item_id": f"itm_{n}",
            "filename": f"a rather long folder/photo-{n:06d}.jpg",
            "iou": 1.0,
            "this": answer(n % 7, 0.4 + n / 100, n % 9),
            "other": None if n % 10 == 9 else answer((n + 3) % 7, 0.7, n % 9),
        }
        for n in range(30)
    ]
    asked = request.url.params
    if wanted := asked.get("expression"):
        faces = [one for one in faces if one["this"]["expression"] == wanted]
    if wanted := asked.get("other_expression"):
        faces = [one for one in faces if one["other"] and one["other"]["expression"] == wanted]
    totals = {"photos": 300, "unanswered": 2, "faces": 750, "changed": 27, "lost": 3, "gained": 0}
    totals |= {"mean_shift": 0.083, "emotions": list(EXPRESSIONS), "confusion": confusion}
    return httpx.Response(200, json={"data": faces, "next_cursor": None, "totals": totals})


def crop(request: httpx.Request) -> httpx.Response:
    shade = int(request.url.path.split("/")[5].removeprefix("itm_"))
    return httpx.Response(200, content=jpeg(shade % 16), headers={"Content-Type": "image/jpeg"})


class Service:
    """A job of 300 photos, its rerun, and an API that takes reruns by one model only."""

    def __init__(self) -> None:
        self.big = BigJob(300)
        known = self.big.api.answers
        job = known["GET", "/v1/jobs/job_1"]
        assert isinstance(job, dict)
        job |= {"model": {"version": "starter-1.1.0+1a2b3c4d"}}
        model = {"model": {"version": "mine-0.2.0+5e6f7a8b"}}
        again = job | model | {"id": "job_2", "parent_job_id": "job_1"}
        known |= {
            ("GET", f"/v1/jobs/job_2{path}"): known["GET", f"/v1/jobs/job_1{path}"]
            for path in ("/summary", "/order", "/items")
        }
        known |= {
            ("GET", "/v1/jobs/job_2"): again,
            ("GET", "/v1/jobs"): {"data": [again]},
            ("GET", "/v1/models"): {"data": MODELS},
            ("GET", "/v1/jobs/job_1/diff"): diff,
            ("GET", "/v1/jobs/job_1/facets"): {"photos": 300, "faces": 2700, "retryable": 0},
            ("POST", "/v1/jobs/job_1/rerun"): self._rerun,
            ("GET", "/v1/jobs/job_1/results"): self._results,
        }

    @property
    def api(self) -> WebApi:
        return self.big.api

    def transport(self) -> httpx.MockTransport:
        inner = self.big.transport()

        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/crop"):
                return crop(request)
            answer = inner.handler(request)
            assert isinstance(answer, httpx.Response)
            return answer

        return httpx.MockTransport(handle)

    def _rerun(self, request: httpx.Request) -> httpx.Response:
        if b"mdl_2" in request.content:
            return httpx.Response(202, json={"id": "job_2"})
        return api_problem(409, "model-unavailable")

    def _results(self, request: httpx.Request) -> httpx.Response:
        told = request.url.params["only"].encode()
        return httpx.Response(200, stream=httpx.ByteStream(told))


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    app = create_app(WebSettings(api_key=WEB_KEY), transport=Service().transport())
    with served(app) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert faults == []


def test_a_job_is_run_again_from_a_dialog(page: Page, site: str) -> None:
    page.goto(site + JOB)
    link = page.get_by_role("link", name="Run again", exact=True)
    link.click()
    dialog = page.get_by_role("dialog", name="Run again")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()
    link.press("Enter")
    dialog.get_by_label("Model").select_option("mine 0.2.0")
    dialog.get_by_role("button", name="Run again").click()
    page.wait_for_url(f"**{RERUN}")
    expect(page.locator("#head")).to_contain_text("Run again of")
    page.get_by_role("link", name="what changed").click()
    page.wait_for_url(f"**{JOB}/diff/job_2")


def test_a_refusal_is_told_with_what_was_chosen(page: Page, site: str) -> None:
    page.goto(f"{site}{JOB}/rerun")
    assert violations(page) == []
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_role("alert")).to_have_text("It is model-unavailable.")
    assert violations(page) == []


def test_what_changed_is_narrowed_by_its_cells(page: Page, site: str) -> None:
    page.goto(f"{site}{JOB}/diff/job_2")
    expect(page.locator(".changes > li")).to_have_count(30)
    assert violations(page) == []
    page.get_by_role("link", name="surprise, then happiness").click()
    expect(page.get_by_role("heading", level=2).last).to_have_text("surprise, then happiness")
    expect(page.locator(".changes > li").first).to_contain_text("happiness 70 %")
    expect(page.locator(".confusion a[aria-current]")).to_have_count(1)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert violations(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_what_is_selected_can_be_taken_along(page: Page, site: str) -> None:
    page.goto(f"{site}{JOB}?of=faces")
    page.locator("[data-position='4'] .check").click()
    page.locator("[data-position='2'] .check").click()
    bar = page.get_by_role("group", name="Download what is selected")
    with page.expect_download() as started:
        bar.get_by_role("button", name="CSV").click()
    assert started.value.suggested_filename == "hfer-job_1-selected.csv"
    assert started.value.path().read_text() == "0.2,0.4"
    expect(page.locator("#chosen-count")).to_have_text("2 of 2,700 selected")
