"""Choosing and sending photos: by picker, drop, camera, without scripts, over bad lines."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from hfer import Client
from infra.local.stack import LocalStack
from tests.e2e.photos import sample_paths
from tests.e2e.web.conftest import PHONE, NewPage, submit, until, wait_final

ABORTED = "Failed to load resource"


def test_twelve_photos_from_the_choice_to_the_results(
    new_page: NewPage, photos: list[Path]
) -> None:
    page = new_page()
    expect(page.locator("#send")).to_be_disabled()
    page.set_input_files("#files", [str(photo) for photo in photos])
    expect(page.locator("#chosen-title")).to_contain_text("12 photos")
    expect(page.locator("#thumbs li")).to_have_count(12)
    page.fill("#name", "Fair <b>2026</b>")
    page.click("#send")
    page.wait_for_url("**/jobs/job_*")
    expect(page.locator("h1")).to_have_text("Fair <b>2026</b>")
    wait_final(page)
    expect(page.locator("#line")).to_contain_text("12 photos: 10 with faces")
    expect(page.locator("#said")).to_contain_text("Done")
    expect(page.locator(".tile")).to_have_count(12)


def test_progress_is_shown_while_a_job_runs(new_page: NewPage, many: list[Path]) -> None:
    page = new_page()
    submit(page, many)
    bar = page.locator("#bar")
    expect(bar).to_be_visible()
    until(page, "document.getElementById('bar')?.value > 0")
    expect(page.locator("#line")).to_contain_text("left")
    page.get_by_role("button", name="Cancel").click()
    wait_final(page)
    expect(page.locator("#chip")).to_have_text("Cancelled")
    expect(page.locator("#line")).to_contain_text("cancelled")
    expect(page.locator(".flash")).to_contain_text("keep their results")


def test_what_a_visitor_opened_stays_open_when_the_job_ends(
    new_page: NewPage, many: list[Path]
) -> None:
    page = new_page()
    submit(page, many[:150])
    page.goto(f"{page.url}?view=list")
    face = page.locator(".face").first
    face.locator("summary").click()
    wait_final(page)
    expect(page.locator(".gallery > li")).to_have_count(24)
    expect(page.locator(".face").first.locator("details")).to_have_attribute("open", "")


def test_what_is_no_photo_is_left_out_with_the_reason(new_page: NewPage, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "huge.jpg").write_bytes(bytes(40_000_001))
    page = new_page()
    names = ["notes.txt", "empty.jpg", "huge.jpg"]
    page.set_input_files("#files", [*(tmp_path / name for name in names), sample_paths()[0]])
    expect(page.locator("#chosen-title")).to_contain_text("1 photo,")
    trouble = page.locator("#trouble")
    for words in ("no photo that can be read: notes.txt", "empty: empty.jpg", "than 40 MB: huge"):
        expect(trouble).to_contain_text(words)


def test_photos_can_be_taken_back_by_keyboard(new_page: NewPage) -> None:
    page = new_page()
    page.set_input_files("#files", sample_paths()[:2])
    page.get_by_role("button", name=f"Remove {sample_paths()[0].name}").press("Enter")
    expect(page.locator("#thumbs li")).to_have_count(1)
    expect(page.locator("#thumbs button")).to_be_focused()
    page.get_by_role("button", name="Remove all").press("Enter")
    expect(page.locator("#chosen")).to_be_hidden()


def test_photos_can_be_dropped(new_page: NewPage) -> None:
    page = new_page()
    data = base64.b64encode(sample_paths()[0].read_bytes()).decode()
    page.evaluate(
        """(data) => {
          const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
          const event = { dataTransfer: transfer, bubbles: true, cancelable: true };
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", event));
        }""",
        data,
    )
    expect(page.get_by_alt_text("dropped.jpg")).to_be_visible()


def test_the_camera_takes_photos(new_page: NewPage) -> None:
    page = new_page(permissions=["camera"])
    page.get_by_role("button", name="Use camera").click()
    until(page, "document.getElementById('camera-view').videoWidth > 0")
    shoot = page.get_by_role("button", name="Take a photo")
    shoot.click()
    expect(page.locator("#camera-line")).to_contain_text("1 taken")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#chosen-title")).to_contain_text("1 photo,")
    page.click("#send")
    page.wait_for_url("**/jobs/job_*")
    wait_final(page)
    expect(page.locator("#line")).to_contain_text("1 photo")


def test_below_a_prefix_nothing_is_asked_above_it(new_page: NewPage, prefixed_site: str) -> None:
    page = new_page(at=prefixed_site)  # which notes whatever is asked elsewhere
    assert submit(page, sample_paths()[:1]).startswith("/faces/hfer/jobs/job_")
    wait_final(page)
    until(page, "document.querySelector('.tile img')?.naturalWidth > 0")
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.locator("table.jobs")).to_be_visible()


def test_a_phone_submits_too(new_page: NewPage) -> None:
    page = new_page(size=PHONE, is_mobile=True, has_touch=True)
    submit(page, sample_paths()[:1])
    wait_final(page)
    expect(page.locator(".tile")).to_have_count(1)


def test_a_browser_without_scripts_submits_too(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    submit(page, sample_paths()[:1])
    expect(page.locator("h1")).to_have_text("1 photo")
    expect(page.locator("#chip")).to_be_visible()


class TestLargeUpload:
    @pytest.fixture
    def large(self, tmp_path: Path) -> list[Path]:
        """Nine photos of 5 MB: readers of JPEG ignore what follows the picture."""
        sample = (Path("samples") / "hopper.jpg").read_bytes()
        paths = [tmp_path / f"large-{number}.jpg" for number in range(9)]
        for number, path in enumerate(paths):
            path.write_bytes(sample + bytes([number]) * (5_000_000 - len(sample)))
        return paths

    def counts(self, stack: LocalStack, path: str) -> list[str]:
        with Client(stack.url, stack.tenant_key()) as client:
            job = client.jobs.attach(path.rpartition("/")[2])
            job.wait(timeout_s=120)
            return [photo.filename for photo in job.results()]

    def test_goes_in_batches_and_a_broken_one_is_sent_again(
        self, new_page: NewPage, stack: LocalStack, large: list[Path]
    ) -> None:
        page = new_page(expect=(ABORTED,))
        broken: list[str] = []

        def break_once(route: Route) -> None:
            if broken:
                route.continue_()
            else:
                broken.append(route.request.url)
                route.abort("connectionreset")

        page.route("**/uploads/*/batches*", break_once)
        path = submit(page, large, name="Large")
        assert len(broken) == 1
        expect(page.locator("h1")).to_have_text("Large")
        assert self.counts(stack, path) == [photo.name for photo in large]

    def test_can_be_stopped_and_leaves_no_job(
        self, new_page: NewPage, stack: LocalStack, large: list[Path]
    ) -> None:
        page = new_page(expect=(ABORTED,))
        page.route("**/uploads/*/batches*", lambda _route: None)  # never answered
        page.set_input_files("#files", [str(photo) for photo in large])
        with Client(stack.url, stack.tenant_key()) as client:
            before = [job.id for job in client.jobs.list()]
            with page.expect_request("**/uploads/*/batches*"):
                page.click("#send")
            with page.expect_response(lambda answer: answer.request.method == "DELETE"):
                page.click("#stop")
            expect(page.locator("#trouble")).to_contain_text("Nothing was submitted")
            expect(page.locator("#thumbs li")).to_have_count(9)
            assert [job.id for job in client.jobs.list()] == before


def test_the_theme_is_remembered(new_page: NewPage) -> None:
    page = new_page(color_scheme="light")
    for words in ("light", "dark"):
        page.locator("#theme").click()
        expect(page.locator("#theme")).to_have_text(f"Theme: {words}")
    page.reload()
    assert background(page) == "rgb(15, 17, 23)"


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
