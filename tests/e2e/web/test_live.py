"""Live progress: by the stream alone, by asking alone, and over a stream that breaks."""

from pathlib import Path

from playwright.sync_api import Request, Route, expect

from tests.e2e.web.conftest import NewPage, submit, wait_final

FAILED = "Failed to load resource"
STATE, EVENTS = "**/jobs/*/state", "**/jobs/*/events"


def test_the_stream_alone_tells_to_the_end(new_page: NewPage, photos: list[Path]) -> None:
    page = new_page()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.rpartition("/")[2])

    page.on("request", note)
    submit(page, photos[:2])
    wait_final(page)
    expect(page.locator(".tile")).to_have_count(2)
    assert "state" not in asked
    assert asked.count("events") == 1


def test_asking_serves_where_the_stream_is_refused(new_page: NewPage, photos: list[Path]) -> None:
    page = new_page(expect=(FAILED,))
    page.route(EVENTS, lambda route: route.fulfill(status=503))
    with page.expect_request(STATE):
        submit(page, photos[:2])
    wait_final(page)
    expect(page.locator("#said")).to_contain_text("Done")


def test_a_stream_that_broke_is_opened_again(new_page: NewPage, photos: list[Path]) -> None:
    page = new_page(expect=(FAILED, "ERR_"))
    opened: list[str] = []

    def break_first(route: Route) -> None:
        opened.append(route.request.url)
        if len(opened) == 1:
            body = "retry: 10\n\nevent: ping\ndata: {}\n\n"
            route.fulfill(status=200, content_type="text/event-stream", body=body)
        else:
            route.continue_()

    page.route(EVENTS, break_first)
    submit(page, photos[:2])
    wait_final(page)
    assert len(opened) == 2


def test_cards_that_did_not_change_are_not_drawn_anew(new_page: NewPage, many: list[Path]) -> None:
    page = new_page()
    submit(page, many[:40])
    page.goto(f"{page.url}?view=list")
    page.wait_for_selector(".gallery > li")
    page.evaluate("document.querySelector('.gallery > li').marked = true")
    wait_final(page)
    expect(page.locator(".gallery > li")).to_have_count(24)
    assert page.evaluate("document.querySelector('.gallery > li').marked") is True
