"""The gallery of a job of some forty photos, in front of the real stack."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hfer import Client, PhotoResult
from infra.local.stack import LocalStack
from tests.e2e.web.conftest import TIMEOUT_MS, NewPage, submit, until, wait_final

PHOTOS = 40


@pytest.fixture(scope="module")
def gallery(browser: Browser, site: str, many: list[Path]) -> str:
    """Path of a job of forty photos; its grid filled while it ran."""
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(site)
    path = submit(page, many[:PHOTOS], name="Forty photos")
    wait_final(page)
    expect(page.locator("#gallery-title")).to_have_text(f"{PHOTOS} photos")
    page.close()
    return path


@pytest.fixture(scope="module")
def results(stack: LocalStack, gallery: str) -> list[PhotoResult]:
    with Client(stack.url, stack.tenant_key()) as client:
        return list(client.jobs.attach(gallery.rpartition("/")[2]).results())


def title(page: Page) -> str:
    return page.locator("#gallery-title").inner_text()


def test_photos_come_as_thumbnails_in_the_order_sent(
    new_page: NewPage, gallery: str, results: list[PhotoResult]
) -> None:
    page = new_page(gallery)
    until(page, "document.querySelector('.tile img')?.naturalWidth > 200")
    expect(page.locator(".tile a[aria-label$='loading']")).to_have_count(0)
    names = [
        (label or "").partition(":")[0]
        for label in (tile.get_attribute("aria-label") for tile in page.locator(".tile a").all())
    ]
    assert names == [photo.filename for photo in results][: len(names)]
    assert page.locator(".pages").count() == 0


def test_faces_come_as_crops_from_sheets(
    new_page: NewPage, gallery: str, results: list[PhotoResult]
) -> None:
    faces = [(photo, face) for photo in results for face in photo.faces]
    page = new_page(f"{gallery}?of=faces")
    until(page, "document.querySelector('.of-face img')?.naturalWidth > 20")
    expect(page.locator(".tile a:not([aria-label*=' of '])")).to_have_count(0)
    assert title(page) == f"{len(faces)} faces"
    for (photo, face), tile in zip(faces, page.locator(".tile a").all(), strict=False):
        label = tile.get_attribute("aria-label") or ""
        assert label.startswith(f"Face {face.face_index} of {photo.filename}: ")
        assert face.expression.label in label


def test_a_filter_counts_marks_and_goes_along_into_the_download(
    new_page: NewPage, gallery: str, results: list[PhotoResult]
) -> None:
    page = new_page(gallery)
    labels = [face.expression.label for photo in results for face in photo.faces]
    chosen = max(labels, key=labels.count)
    fitting = [p for p in results if any(f.expression.label == chosen for f in p.faces)]
    faces = [f for p in fitting for f in p.faces if f.expression.label == chosen]
    option = page.locator("#expression option", has_text=chosen)
    assert option.inner_text() == f"{chosen} ({len(faces)})"
    page.select_option("#expression", chosen)
    page.wait_for_url(f"**expression={chosen}*")
    expect(page.locator("#gallery-title")).to_contain_text(f"{len(fitting)} photo")
    page.wait_for_selector(f".tile svg .e-{chosen}")
    page.wait_for_selector(f"#head a[href*='csv?expression={chosen}']")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV", exact=True).click()
    rows = csv.DictReader(io.StringIO(started.value.path().read_text()))
    names = list(dict.fromkeys(row["filename"] for row in rows))
    assert names == [photo.filename for photo in fitting]


def test_a_name_is_searched_for_as_it_is_typed(
    new_page: NewPage, gallery: str, results: list[PhotoResult]
) -> None:
    page = new_page(gallery)
    page.locator("#q").press_sequentially(results[7].filename[:-4])
    page.wait_for_url("**q=*")
    expect(page.locator("#gallery-title")).to_have_text("1 photo that fits the filter")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value(results[7].filename[:-4])
