"""axe-core on every page, light and dark: no violation of any weight."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.photos import sample_paths
from tests.e2e.web.conftest import PHONE, NewPage

# The other rules look at elements and texts, which both schemes share.
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def violations(page: Page) -> list[str]:
    """What axe finds: every rule in light, those of colours in dark too."""
    page.wait_for_load_state("networkidle")
    # Without motion: colours on their way from one scheme to the other are neither's.
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    options = {"resultTypes": ["violations"], "runOnly": OF_COLOURS}
    found += page.evaluate("options => axe.run(options)", options)["violations"]
    page.emulate_media(color_scheme="light")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:120]} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def test_every_page(new_page: NewPage, job: str) -> None:
    page = new_page(expect=("404",))
    site = page.url.rstrip("/")
    page.goto(f"{site}{job}?view=list")
    photo = page.locator(".gallery h3 a").first.get_attribute("href")
    page.goto(site + "/models")
    model = page.locator(".models h2 a").first.get_attribute("href")
    nothing = f"{job}?expression=disgust&min_p=0.95"
    lists = [job, f"{job}?of=faces", f"{job}?view=list", nothing]
    pages = ["/", "/jobs", *lists, photo, "/models", model, "/notice", "/jobs/job_nope"]
    found = {}
    for path in pages:
        page.goto(f"{site}{path}")
        found[path] = violations(page)
    assert found == {path: [] for path in pages}


def test_pages_in_use(new_page: NewPage, job: str) -> None:
    page = new_page()
    page.set_input_files("#files", sample_paths())
    expect(page.locator("#thumbs li")).to_have_count(len(sample_paths()))
    assert violations(page) == []
    page.set_input_files("#files", __file__)
    expect(page.locator("#trouble")).to_be_visible()
    assert violations(page) == []
    page = new_page(f"{job}?view=list")
    page.locator(".face summary").first.click()
    page.locator("a.box").first.focus()
    assert violations(page) == []
    page.get_by_role("button", name="Delete").click()
    assert violations(page) == []


def test_pages_on_a_phone(new_page: NewPage, job: str) -> None:
    page = new_page(size=PHONE, is_mobile=True, has_touch=True)
    site = page.url.rstrip("/")
    for path in ("/", "/jobs", job, f"{job}?of=faces", "/models"):
        page.goto(site + path)
        assert violations(page) == []


def test_the_login(new_page: NewPage, locked_site: str) -> None:
    page = new_page("/jobs", at=locked_site, expect=("403",))
    expect(page.locator("#password")).to_be_focused()
    assert violations(page) == []
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the password")
    assert violations(page) == []
    page.fill("#password", "open sesame")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs")
    expect(page.locator("h1")).to_have_text("Jobs")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")


@pytest.mark.parametrize("ink", ["#dddddd, #ffffff", "#000000, #222222"], ids=["light", "dark"])
def test_too_little_contrast_in_one_scheme_is_found(new_page: NewPage, ink: str) -> None:
    """Else the tests above could not fail."""
    page = new_page("/notice")
    page.evaluate(
        "ink => document.documentElement.style.setProperty('--ink', `light-dark(${ink})`)", ink
    )
    assert {one.split()[0] for one in violations(page)} == {"color-contrast"}
