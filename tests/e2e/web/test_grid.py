"""The grid in a browser, over jobs in memory: keys, pointer, filter, size, and 900,000 faces."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.web.app import create_app
from services.web.settings import WebSettings
from tests.e2e.web.big_job import BigJob
from tests.e2e.web.conftest import until
from tests.fixtures.page import WEB_KEY
from tests.fixtures.serving import served

Open = Callable[..., Page]
JOB = "/jobs/job_1"
FOCUSED = "document.activeElement.closest('.tile')?.dataset.position ?? ''"
LONG_TASKS = """window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) longTasks.push(Math.round(task.duration));
}).observe({ type: "longtask", buffered: true });"""


@pytest.fixture(scope="module")
def sites() -> Iterator[Callable[[int], str]]:
    """Pages in front of jobs of so many photos, each started once."""
    with ExitStack() as opened:
        known: dict[int, str] = {}

        def site(photos: int) -> str:
            if photos not in known:
                app = create_app(WebSettings(api_key=WEB_KEY), transport=BigJob(photos).transport())
                known[photos] = opened.enter_context(served(app))
            return known[photos]

        yield site


@pytest.fixture
def open_page(browser: Browser, sites: Callable[[int], str]) -> Iterator[Open]:
    with ExitStack() as opened:
        faults: list[str] = []

        def new(query: str = "", *, photos: int = 300, **options: Any) -> Page:
            context = browser.new_context(
                **({"viewport": {"width": 1280, "height": 900}} | options)
            )
            opened.callback(context.close)
            context.add_init_script(LONG_TASKS)
            context.on("weberror", lambda error: faults.append(str(error.error)))
            page = context.new_page()
            page.goto(f"{sites(photos)}{JOB}{query}")
            page.wait_for_selector(".tile")
            return page

        yield new
        assert faults == []


def focus_first(page: Page) -> None:
    page.locator(".tile a").first.focus()


def chosen(page: Page) -> str:
    return page.locator("#chosen-count").inner_text()


class TestPhotos:
    def test_photos_stand_in_rows_without_a_pager(self, open_page: Open) -> None:
        page = open_page()
        expect(page.locator("#gallery-title")).to_have_text("300 photos")
        expect(page.locator(".pages")).to_have_count(0)
        assert page.locator(".grid-row").first.locator(".tile").count() >= 4
        until(page, "document.querySelector('.tile img').naturalWidth > 0")
        expect(page.locator(".tile a").first).to_have_attribute(
            "aria-label", "photo-000000.jpg: 9 faces"
        )

    def test_only_what_is_near_the_screen_is_in_the_page(self, open_page: Open) -> None:
        page = open_page(photos=100_000)
        until(page, "document.getElementById('grid').ariaRowCount > 1000")
        assert page.locator(".tile").count() < 120
        page.evaluate("document.getElementById('grid').scrollTop = 1e9")
        page.wait_for_selector("[aria-label='photo-099999.jpg: 9 faces']")
        assert page.locator(".tile").count() < 120

    def test_tiles_have_the_size_that_is_chosen(self, open_page: Open) -> None:
        page = open_page()
        before = page.locator(".tile").first.bounding_box()
        page.locator("#size").fill("96")
        until(page, "document.querySelector('.tile')?.clientHeight < 130")
        assert before
        assert before["height"] > 130
        page.reload()
        until(page, "document.querySelector('.tile')?.clientHeight < 130")

    def test_a_filter_marks_the_faces_that_fit_it(self, open_page: Open) -> None:
        page = open_page("?expression=happiness")
        page.wait_for_selector(".tile svg .e-happiness")
        # The first photo shows surprise first: its fourth face is the happy one.
        frame = page.locator("[data-position='0'] .frame").first
        expect(frame).to_have_attribute("x", str(20 + 60 * 3))


class TestFaces:
    def test_faces_stand_side_by_side(self, open_page: Open) -> None:
        page = open_page()
        page.get_by_role("button", name="Faces", exact=True).click()
        expect(page.locator("#gallery-title")).to_have_text("2,700 faces")
        until(page, "document.querySelector('.of-face img')?.naturalWidth > 0")
        expect(page.locator(".tile a").nth(1)).to_have_attribute(
            "aria-label", "Face 1 of photo-000000.jpg: fear, 45 %"
        )
        assert "of=faces" in page.url
        page.go_back()
        expect(page.locator("#gallery-title")).to_have_text("300 photos")

    def test_the_last_of_900_000_is_reached_and_nothing_takes_long(self, open_page: Open) -> None:
        """38 million pixels on a phone: more than browsers scroll."""
        phone = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3}
        page = open_page("?of=faces", photos=100_000, **phone)
        assert page.evaluate("document.querySelector('.grid-field').clientHeight") < 10_000_000
        page.evaluate("longTasks.length = 0")
        page.evaluate("document.getElementById('grid').scrollTop = 1e9")
        page.wait_for_selector("[data-position='899999']")
        page.locator("[data-position='899998'] a").focus()
        page.keyboard.press("Control+Home")
        expect(page.locator("[data-position='0'] a")).to_be_focused()
        page.keyboard.press("Control+End")
        expect(page.locator("[data-position='899999'] a")).to_be_focused()
        expect(page.locator("[data-position='899999'] a")).to_be_in_viewport()
        page.keyboard.press("Control+a")
        assert chosen(page) == "900,000 of 900,000 selected"

    def test_pieces_of_work_are_short(self, open_page: Open) -> None:
        """Layout and packing of an order are no task of their own length."""
        page = open_page(photos=100_000)
        until(page, "document.getElementById('grid').ariaRowCount > 1000")
        page.evaluate("longTasks.length = 0")
        spent = page.evaluate(
            """async () => {
              const { JustifiedRows } = await import("/static/grid/rows.js");
              const ratios = new Uint16Array(100000).fill(133);
              const rows = new JustifiedRows(ratios, { width: 1000, size: 200, gap: 4 });
              let longest = 0, done = false;
              while (!done) {
                const started = performance.now();
                done = rows.advance(8000);
                longest = Math.max(longest, performance.now() - started);
              }
              return longest;
            }"""
        )
        assert spent < 50


class TestKeys:
    def test_arrows_move_the_one_tab_stop(self, open_page: Open) -> None:
        page = open_page("?of=faces")
        focus_first(page)
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
            page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == "1"
        expect(page.locator(".tile a[tabindex='0']")).to_have_count(1)
        page.keyboard.press("ArrowDown")
        columns = page.locator(".grid-row").first.locator(".tile").count()
        assert page.evaluate(FOCUSED) == str(1 + columns)

    def test_the_focus_survives_scrolling_away(self, open_page: Open) -> None:
        page = open_page("?of=faces")
        focus_first(page)
        page.evaluate("document.getElementById('grid').scrollTop = 1e9")
        page.wait_for_selector("[data-position='2699']")
        assert page.evaluate(FOCUSED) == "0"
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-position='1'] a")).to_be_focused()
        expect(page.locator("[data-position='1'] a")).to_be_in_viewport()

    def test_space_shift_and_control_select(self, open_page: Open) -> None:
        page = open_page("?of=faces")
        focus_first(page)
        page.keyboard.press("Space")
        assert chosen(page) == "1 of 2,700 selected"
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        assert chosen(page) == "3 of 2,700 selected"
        page.keyboard.press("Shift+ArrowLeft")
        assert chosen(page) == "2 of 2,700 selected"
        page.keyboard.press("Control+a")
        assert chosen(page) == "2,700 of 2,700 selected"
        page.keyboard.press("Escape")
        expect(page.locator("#chosen")).to_be_hidden()

    def test_enter_opens_and_the_question_mark_explains(self, open_page: Open) -> None:
        page = open_page()
        focus_first(page)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("deselect all")
        page.keyboard.press("Escape")
        expect(page.locator(".tile a").first).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/photos/itm_0*")


class TestPointer:
    def test_a_range_with_shift_spans_what_was_scrolled_over(self, open_page: Open) -> None:
        page = open_page("?of=faces")
        page.locator("[data-position='2'] .check").click()
        page.evaluate("document.getElementById('grid').scrollTop = 1e9")
        page.wait_for_selector("[data-position='2690']")
        page.locator("[data-position='2690']").click(modifiers=["Shift"])
        assert chosen(page) == "2,689 of 2,700 selected"
        page.locator("[data-position='2689']").click(modifiers=["Control"])
        assert chosen(page) == "2,688 of 2,700 selected"

    def test_a_frame_selects_what_it_touches(self, open_page: Open) -> None:
        page = open_page("?of=faces")
        first = page.locator("[data-position='0']").bounding_box()
        third = page.locator("[data-position='2']").bounding_box()
        assert first
        assert third
        page.mouse.move(first["x"] + 20, first["y"] + 60)
        page.mouse.down()
        page.mouse.move(third["x"] + 20, third["y"] + 80, steps=5)
        page.mouse.up()
        assert chosen(page) == "3 of 2,700 selected"
        assert page.url.endswith("?of=faces")

    def test_a_selection_goes_along_into_another_order(self, open_page: Open) -> None:
        page = open_page()
        page.locator("[data-position='0'] .check").click()
        page.select_option("#sort", "name")
        page.wait_for_selector("[aria-label^='photo-000299']")
        assert chosen(page) == "1 of 300 selected"
        page.evaluate("document.getElementById('grid').scrollTop = 1e9")
        page.wait_for_selector("[data-position='299'][aria-selected='true']")


def test_the_photo_page_leads_on_in_the_order_of_the_list(open_page: Open) -> None:
    page = open_page("?sort=name")
    page.locator("[data-position='3'] a[href]").click()  # leads nowhere before its photo is known
    expect(page.locator("h1")).to_have_text("photo-000296.jpg")
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("photo-000295.jpg")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_have_text("photo-000296.jpg")
    page.keyboard.press("+")
    until(
        page,
        "document.querySelector('.shot').clientWidth > document.getElementById('zoom').clientWidth",
    )
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('zoom').classList.contains('closer')")
    page.keyboard.press("Escape")
    page.wait_for_url("**sort=name#photo-296")
    expect(page.locator("[data-position='3'] a")).to_be_focused()


def test_without_scripts_the_page_is_a_list(browser: Browser, sites: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{sites(300)}{JOB}")
    expect(page.locator(".gallery > li")).to_have_count(24)
    expect(page.locator("#grid")).to_be_hidden()
    context.close()
