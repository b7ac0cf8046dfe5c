"""The page as people use it: its password, a photo, the answer, in the machine's Chromium."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.chromium import find_chromium
from scripts.compose_check.rows import CheckError

ANSWER_S = 300


def analyse(url: str, *, password: str, photo: Path) -> str:
    """Log in, send a photo, wait for its face without a reload; return the page's own summary.

    Raises:
        CheckError: there is no Chromium.
        playwright.sync_api.Error: something did not come within `ANSWER_S`.
    """
    program = find_chromium()
    if program is None:
        raise CheckError("no Chromium: scripts/chromium.sh says how to get one")
    with sync_playwright() as playwright:
        # root has no sandbox; the page that it opens is ours.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(ANSWER_S * 1000)
        page.goto(url)
        page.fill("#password", password)
        page.keyboard.press("Enter")
        page.set_input_files("#files", [str(photo)])
        page.click("#send")
        page.wait_for_url("**/jobs/job_*")
        page.wait_for_selector("#head[data-final=yes]")
        page.wait_for_selector(".face", state="attached")
        summary = page.inner_text("#line")
        browser.close()
    return " ".join(summary.split())
