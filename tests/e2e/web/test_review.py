"""Reviewing in the grid, in a browser: each key, undo after a reload, no connection, conflicts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.web.app import create_app
from services.web.settings import WebSettings
from tests.e2e.web.conftest import PHONE, TIMEOUT_MS, NewPage, until
from tests.e2e.web.reviewed_job import ReviewedJob
from tests.e2e.web.test_accessibility import violations
from tests.fixtures.page import EXPRESSIONS, WEB_KEY
from tests.fixtures.serving import served

Open = Callable[..., tuple[Page, ReviewedJob]]
REVIEW = "?of=faces&review=yes"
NAMED = "localStorage.setItem('hfer-reviewer', 'ada')"
FOCUSED = "Number(document.activeElement.closest('.tile')?.dataset.position ?? -1)"
ANSWERS = [*EXPRESSIONS, "not_a_face", "cannot_tell"]


@pytest.fixture
def reviewing(browser: Browser) -> Iterator[Open]:
    """Open the mode over a job in memory; the grid's first face has the focus."""
    with ExitStack() as opened:

        def new(
            query: str = REVIEW,
            *,
            job: ReviewedJob | None = None,
            name: str = NAMED,
            **options: Any,
        ) -> tuple[Page, ReviewedJob]:
            job = job or ReviewedJob(30)
            app = create_app(WebSettings(api_key=WEB_KEY), transport=job.transport())
            url = opened.enter_context(served(app))
            context = browser.new_context(**options)
            opened.callback(context.close)
            context.add_init_script(name)
            page = context.new_page()
            page.goto(f"{url}/jobs/job_1{query}")
            page.wait_for_selector(".tile a[href]")
            page.locator("[data-position='0'] a").focus()
            return page, job

        yield new


def saved(page: Page) -> None:
    expect(page.locator("#review-saved")).to_have_text("All saved", timeout=TIMEOUT_MS)


def said(page: Page) -> str:
    return page.locator("#review-said").inner_text()


def at(page: Page, position: int) -> None:
    until(page, f"{FOCUSED} === {position}")


class TestKeys:
    def test_each_digit_says_its_answer_and_goes_on(self, reviewing: Open) -> None:
        page, job = reviewing()
        for digit in range(1, 10):
            at(page, digit - 1)
            page.keyboard.press(f"Digit{digit}" if digit % 2 else f"Shift+Numpad{digit}")
        at(page, 9)
        saved(page)
        expect(page.locator("[data-position='8'] .caption")).to_have_text("cannot tell")
        assert job.said() == {(0, digit): answer for digit, answer in enumerate(ANSWERS)}
        # The model says surprise of the first, and fear, not fear, of the third.
        expect(page.locator("[data-position='0']")).not_to_have_class("differs")
        # A vote is taken back where it stands.
        page.locator("[data-position='0'] a").focus()
        page.keyboard.press("Digit0")
        expect(page.locator(".tile.voted")).to_have_count(8)
        saved(page)
        assert (job.last(0, 0), job.last(0, 1)) == (None, "fear")
        # The next without an answer is the first again, from wherever.
        page.locator("[data-position='5'] a").focus()
        page.keyboard.press("n")
        at(page, 9)

    def test_keys_act_only_while_the_grid_has_the_focus(self, reviewing: Open) -> None:
        page, job = reviewing()
        page.locator("#review-note").focus()
        page.keyboard.press("Digit4")
        page.locator("#size").focus()
        page.keyboard.press("c")
        assert (job.posts, page.locator("#review-note").input_value()) == (0, "4")

    def test_a_selection_is_labelled_and_undone_as_one_after_a_reload(
        self, reviewing: Open
    ) -> None:
        page, job = reviewing()
        for _ in range(4):
            page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Digit5")
        expect(page.locator("#review-said")).to_have_text("anger: 5 faces")
        saved(page)
        assert (len(job.said()), job.posts) == (5, 1)
        expect(page.locator("#chosen")).to_be_hidden()
        page.reload()
        expect(page.locator(".tile.voted")).to_have_count(5)
        page.locator("[data-position='0'] a").focus()
        page.keyboard.press("z")
        expect(page.locator(".tile.voted")).to_have_count(0)
        saved(page)
        assert job.said() == {}
        page.keyboard.press("Control+z")
        expect(page.locator("#review-said")).to_have_text("There is nothing left to undo.")

    def test_one_key_confirms_the_rest_of_the_screen(self, reviewing: Open) -> None:
        page, job = reviewing()
        page.keyboard.press("Digit8")
        at(page, 1)
        page.keyboard.press("c")
        until(page, f"{FOCUSED} > 5")
        saved(page)
        found = job.said()
        assert found.pop((0, 0)) == "not_a_face"
        assert all(answer == EXPRESSIONS[sum(face) % 7] for face, answer in found.items())
        # What is cut off at the lower edge was not seen.
        whole = page.evaluate("document.activeElement.closest('.tile').dataset.position")
        assert len(found) == int(whole) - 1
        page.keyboard.press("z")
        saved(page)
        assert job.said() == {(0, 0): "not_a_face"}

    def test_the_help_lists_them(self, reviewing: Open) -> None:
        page, _ = reviewing()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("undo what was said last")


class TestLost:
    def test_answers_without_a_connection_are_kept_and_sent_later_in_order(
        self, reviewing: Open
    ) -> None:
        page, job = reviewing()
        expect(page.locator(".tile a[aria-label$='loading']")).to_have_count(0)
        page.context.set_offline(True)
        for key in ("1", "2", "3"):
            page.keyboard.press(key)
        page.locator("[data-position='0'] a").focus()
        page.keyboard.press("7")
        expect(page.locator("#review-saved")).to_contain_text("4 kept in this browser")
        expect(page.locator("[data-position='0']")).to_have_attribute("data-state", "waiting")
        assert job.posts == 0
        page.context.set_offline(False)
        saved(page)
        assert job.said() == {(0, 0): "neutral", (0, 1): "fear", (0, 2): "disgust"}
        assert [word["answer"] for word in job.words[0, 0, "ada"]] == ["surprise", "neutral"]
        assert job.posts == 4

    def test_what_waits_survives_a_reload(self, reviewing: Open) -> None:
        page, job = reviewing()
        job.down = True
        page.keyboard.press("6")
        expect(page.locator("#review-saved")).to_contain_text("1 kept in this browser")
        page.reload()
        expect(page.locator("[data-position='0'] .caption")).to_have_text("sadness")
        job.down = False
        saved(page)
        assert job.said() == {(0, 0): "sadness"}

    def test_what_was_said_elsewhere_is_shown_and_the_person_decides(self, reviewing: Open) -> None:
        page, job = reviewing()
        expect(page.locator(".tile a[aria-label$='loading']")).to_have_count(0)
        for face in (0, 1):
            job.add(0, face, "fear")
        page.keyboard.press("5")
        trouble = page.locator("#review-trouble")
        expect(trouble).to_contain_text("There is now: fear (face 0)")
        page.get_by_role("button", name="Send mine").click()
        expect(trouble).to_be_hidden()
        until(page, "document.querySelector('[data-position=\"0\"]').dataset.state === 'saved'")
        assert job.last(0, 0) == "anger"
        page.locator("[data-position='1'] a").focus()
        page.keyboard.press("5")
        expect(trouble).to_be_visible()
        page.get_by_role("button", name="Keep what is there").click()
        expect(page.locator("[data-position='1'] .caption")).to_have_text("fear")
        assert job.last(0, 1) == "fear"

    def test_an_erased_job_is_told_and_the_queue_goes_on(self, reviewing: Open) -> None:
        page, job = reviewing()
        job.erased = True
        page.keyboard.press("5")
        expect(page.locator("#review-trouble")).to_contain_text("It is gone.")
        job.erased = False
        page.keyboard.press("4")
        until(page, "document.querySelectorAll('[data-state=saved].voted').length === 1")
        assert job.said() == {(0, 1): "happiness"}


def test_all_of_a_filter_is_labelled_in_pieces_and_undone_at_once(reviewing: Open) -> None:
    page, job = reviewing(job=ReviewedJob(1_200))
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="neutral").click()
    saved(page)
    assert (len(job.said()), job.posts) == (10_800, 11)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#review-said")).to_contain_text("10,800", timeout=TIMEOUT_MS)
    saved(page)
    assert job.said() == {}


class TestWho:
    def test_a_name_is_asked_for_before_the_first_word(self, reviewing: Open) -> None:
        page, job = reviewing(name="")
        page.keyboard.press("4")
        expect(page.locator("#reviewer")).to_be_focused()
        assert "Who are you?" in said(page)
        page.keyboard.type("bob")
        page.locator("[data-position='0'] a").focus()
        page.keyboard.press("4")
        saved(page)
        until(page, "document.querySelectorAll('.tile.voted').length === 1")
        assert job.said("bob") == {(0, 0): "happiness"}
        assert page.evaluate("localStorage.getItem('hfer-reviewer')") == "bob"

    def test_a_key_without_the_scope_says_what_to_do(self, reviewing: Open) -> None:
        page, _ = reviewing(job=ReviewedJob(5, scopes=("jobs:read",)))
        expect(page.locator("#review-trouble")).to_contain_text("HFER_WEB__API_KEY")
        expect(page.get_by_role("button", name="happiness")).to_be_disabled()

    def test_a_note_goes_with_the_vote(self, reviewing: Open) -> None:
        page, job = reviewing()
        page.locator("#review-note").fill("half hidden")
        page.locator("[data-position='0'] a").focus()
        page.keyboard.press("2")
        saved(page)
        at(page, 1)
        assert page.locator("#review-note").input_value() == ""
        assert job.words[0, 0, "ada"][-1]["note"] == "half hidden"


class TestBlind:
    def test_a_draw_shows_no_answer_and_sends_blind_votes(self, reviewing: Open) -> None:
        job = ReviewedJob(30)
        job.add(0, 0, "fear")
        page, _ = reviewing(f"{REVIEW}&draw=drw_1", job=job)
        expect(page.locator("#gallery-title")).to_have_text("30 faces")
        first = page.locator("[data-position='0'] a")
        # Own votes stand last: the draw's second face is the first.
        expect(first).to_have_attribute("aria-label", "Face 1 of photo-000007.jpg")
        expect(page.locator("#side, #sort, .answers .fill, [data-act=confirm]")).to_have_count(0)
        page.keyboard.press("c")
        assert "no answer to confirm" in said(page)
        page.keyboard.press("4")
        saved(page)
        word = job.words[7, 1, "ada"][-1]
        assert (word["answer"], word["blind"]) == ("happiness", True)
        page.get_by_role("link", name="Leave blind review").click()
        page.wait_for_url("**review=yes#gallery")
        expect(page.locator("#review-said")).to_contain_text("not blind")


def test_buttons_do_it_on_a_phone_and_nothing_stands_out(reviewing: Open) -> None:
    width, height = PHONE
    page, job = reviewing(
        viewport={"width": width, "height": height}, is_mobile=True, has_touch=True
    )
    page.locator("[data-position='1'] a").tap()
    page.get_by_role("button", name="happiness").tap()
    saved(page)
    until(page, "document.querySelectorAll('.tile.voted').length === 1")
    assert job.said() == {(0, 1): "happiness"}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_on_the_real_stack_votes_are_kept_and_undone(
    new_page: NewPage, site: str, job: str
) -> None:
    page = new_page(None)
    page.add_init_script("localStorage.setItem('hfer-reviewer', 'eve')")
    page.goto(f"{site}{job}{REVIEW}")
    page.wait_for_selector(".tile a[href]")
    page.locator("[data-position='0'] a").focus()
    for key in ("1", "9", "c"):
        page.keyboard.press(key)
    saved(page)
    page.reload()
    until(page, "document.querySelectorAll('.tile.voted').length > 2")
    assert violations(page) == []
    page.locator("[data-position='0'] a").focus()
    for _ in range(3):
        page.keyboard.press("z")
    saved(page)
    expect(page.locator(".tile.voted")).to_have_count(0)
