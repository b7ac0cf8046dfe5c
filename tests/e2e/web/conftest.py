"""The page in a real Chromium, in front of the real stack."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from infra.local.stack import LocalStack
from scripts.chromium import find_chromium
from services.web.app import create_app
from services.web.settings import WebSettings
from tests.e2e.photos import sample_paths, write_bad_photos, write_plain, write_variations
from tests.fixtures.serving import served

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
DESKTOP, PHONE = (1280, 900), (390, 844)
TIMEOUT_MS = 60_000

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(stack: LocalStack) -> str:
    """Address of the page, as `make run` starts it."""
    stack.start_web()
    return stack.web_url


class Watched:
    """A context whose pages must not meet an error, a foreign host, or a key."""

    def __init__(self, context: BrowserContext, *, site: str, secrets: tuple[str, ...]) -> None:
        self.context = context
        self.faults: list[str] = []
        self.expected: set[str] = set()
        self._site, self._secrets = site, secrets
        context.set_default_timeout(TIMEOUT_MS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", self._on_request)
        context.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium reports statuses from 400 up as errors; tests that ask for one name it.
        if message.type == "error" and not any(part in message.text for part in self.expected):
            self.faults.append(message.text)

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self._site, "blob:")):
            self.faults.append(f"asked {request.url}")

    def _on_response(self, response: Any) -> None:
        told = f"{response.url} {response.headers}"
        if any(secret in told for secret in self._secrets):
            self.faults.append(f"a key in the headers of {response.url}")


@pytest.fixture
def new_page(browser: Browser, site: str, stack: LocalStack) -> Iterator[NewPage]:
    """Open a page in a context of its own; at the end nothing must have gone wrong in any."""
    with ExitStack() as opened:
        watched: list[Watched] = []

        def new(
            path: str | None = "/",
            *,
            size: tuple[int, int] = DESKTOP,
            expect: tuple[str, ...] = (),
            at: str = site,
            **options: Any,
        ) -> Page:
            viewport: Any = {"width": size[0], "height": size[1]}
            context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
            opened.callback(context.close)
            keys = (stack.tenant_key(), stack.admin_key)
            watched.append(Watched(context, site=at, secrets=keys))
            watched[-1].expected.update(expect)
            page = context.new_page()
            if path is not None:
                page.goto(at + path)
            return page

        yield new
        faults = [fault for one in watched for fault in one.faults]
    assert faults == []


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve photos: the samples, variations of them, one without a face and one damaged."""
    folder = tmp_path_factory.mktemp("photos")
    write_plain(folder / "plain.png")
    write_bad_photos(folder)
    made = write_variations(folder, count=12 - 2 - len(sample_paths()))
    return [*sample_paths(), *made, folder / "plain.png", folder / "truncated.jpg"]


def submit(page: Page, photos: list[Path], *, name: str = "") -> str:
    """Choose and send photos on the start page; the path of the job's page."""
    page.set_input_files("#files", [str(photo) for photo in photos])
    if name:
        page.fill("#name", name)
    page.click("#send")
    page.wait_for_url("**/jobs/job_*")
    return "/" + page.url.split("/", 3)[3]


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true. Playwright's own waiting evaluates strings in the page,
    which the page's policy forbids.
    """
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def wait_final(page: Page) -> None:
    """Wait until the page itself, without a reload, shows that the job is over."""
    page.wait_for_selector("#head[data-final=yes]")


@pytest.fixture(scope="session")
def job(browser: Browser, site: str, photos: list[Path]) -> str:
    """Path of a finished job that was submitted through the page."""
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(site)
    path = submit(page, photos, name="Twelve photos")
    wait_final(page)
    page.close()
    return path


@pytest.fixture
def locked_site(stack: LocalStack) -> Iterator[str]:
    """A page with passwords, in front of the same service."""
    settings = WebSettings(
        api_url=stack.url,
        api_key=stack.tenant_key(),
        admin_api_key=stack.admin_key,
        password="open sesame",
        admin_password="root",
        contact="photos@example.org",
    )
    with served(create_app(settings)) as url:
        yield url


@pytest.fixture
def prefixed_site(stack: LocalStack) -> Iterator[str]:
    """A page below a path prefix, in front of the same service."""
    settings = WebSettings(
        api_url=stack.url, api_key=stack.tenant_key(), public_url="http://127.0.0.1/faces/hfer"
    )
    with served(create_app(settings)) as url:
        yield f"{url}/faces/hfer"


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """So many photos that a test sees their job run; it is cancelled soon."""
    return write_variations(tmp_path_factory.mktemp("many"), count=500)
