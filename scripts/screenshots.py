"""The page's pictures in docs/images, taken anew: ``python -m scripts.screenshots``.

The samples go through the whole stack as ``make run`` starts it, and Chromium looks at the job.
To be run when the page's looks or the shipped model change.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from infra.local.console import Console
from infra.local.stack import local_stack
from scripts.chromium import find_chromium

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGES = REPOSITORY / "docs" / "images"
_DESKTOP, _PHONE = (1340, 900), (390, 844)
_QUALITY = 85


def main() -> None:
    """Take the six pictures."""
    samples = sorted((REPOSITORY / "samples").glob("*.jpg"))
    with (
        tempfile.TemporaryDirectory() as scratch,
        local_stack(Path(scratch), console=Console(verbose=False)) as stack,
        sync_playwright() as playwright,
    ):
        stack.start_servers()
        stack.start_apps()
        stack.start_web()
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        job = _submitted(browser, stack.web_url, samples)
        with _page(browser, job, size=_DESKTOP, scheme="light") as page:
            _take(page, "web-job.jpg")
        with _page(browser, job, size=_DESKTOP, scheme="dark") as page:
            page.locator(".tile a").first.click()
            page.wait_for_load_state("networkidle")
            _take(page, "web-photo.jpg")
        with _page(browser, f"{job}#gallery", size=_PHONE, scheme="dark", scale=2) as page:
            _take(page, "web-phone.jpg")
        with _page(browser, f"{job}?of=faces&sort=uncertain&review=yes", size=_DESKTOP) as page:
            _review(page)
            _take(page, "workbench-review.jpg")
        with _page(browser, f"{job}/reviews#draws", size=_DESKTOP) as page:
            page.get_by_role("button", name="Draw at random").click()
            page.get_by_role("link", name="Review blind").first.click()
            _review(page)
            _take(page, "workbench-blind.jpg")
        with _page(browser, f"{job}/reviews", size=_DESKTOP, scheme="dark") as page:
            _take(page, "workbench-reviews.jpg")
        browser.close()


def _submitted(browser: Browser, site: str, photos: list[Path]) -> str:
    """Send the photos by the page and return the address of the job once it is done."""
    with _page(browser, site, size=_DESKTOP, scheme="light") as page:
        page.set_input_files("#files", [str(photo) for photo in photos])
        page.fill("#name", "Space archive")
        page.click("#send")
        page.wait_for_url("**/jobs/job_*")
        page.get_by_text("Done", exact=True).wait_for()
        return page.url


def _review(page: Page) -> None:
    """Answer some faces by keys, as a reviewer does."""
    page.wait_for_selector(".tile.drawn a[href]")
    page.locator("[data-position='0'] a").focus()
    for digit in (4, 7, 7, 1):
        page.keyboard.press(f"Digit{digit}")
    page.get_by_text("All saved").wait_for()
    page.wait_for_load_state("networkidle")


@contextmanager
def _page(
    browser: Browser,
    address: str,
    *,
    size: tuple[int, int],
    scheme: Literal["light", "dark"] = "light",
    scale: int = 1,
) -> Iterator[Page]:
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, device_scale_factor=scale)
    context.set_default_timeout(120_000)
    context.add_init_script("localStorage.setItem('hfer-reviewer', 'ada')")
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    yield page
    context.close()


def _take(page: Page, name: str) -> None:
    pixels = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(IMAGES / name), pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


if __name__ == "__main__":
    main()
