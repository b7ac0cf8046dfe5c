"""A finished job: gallery, boxes under pointer and keyboard, filter, downloads, deletion."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hfer import Client, PhotoResult
from infra.local.stack import LocalStack
from tests.e2e.photos import sample_paths
from tests.e2e.web.conftest import PHONE, NewPage, submit, until, wait_final


@pytest.fixture(scope="module")
def results(stack: LocalStack, job: str) -> list[PhotoResult]:
    with Client(stack.url, stack.tenant_key()) as client:
        return list(client.jobs.attach(job.rpartition("/")[2]).results())


def shown_names(page: Page) -> list[str]:
    return page.locator(".gallery h3").all_text_contents()


class TestGallery:
    def test_boxes_carry_the_index_and_place_of_each_face(
        self, new_page: NewPage, job: str, results: list[PhotoResult]
    ) -> None:
        page = new_page(f"{job}?view=list")
        for photo in results:
            card = page.locator(".gallery > li", has_text=photo.filename)
            numbers = card.locator(".digit").all_text_contents()
            assert numbers == [str(face.face_index) for face in photo.faces]
            for face, frame in zip(photo.faces, card.locator(".frame").all(), strict=True):
                assert float(frame.get_attribute("x") or -1) == pytest.approx(face.box.x, abs=0.1)
                assert float(frame.get_attribute("width") or 0) == pytest.approx(
                    face.box.w, abs=0.1
                )

    def test_a_box_and_its_face_light_up_together(self, new_page: NewPage, job: str) -> None:
        page = new_page(f"{job}?view=list")
        card = page.locator(".gallery > li").first
        card.locator("a.box").nth(1).hover()
        expect(card.locator(".face.lit .number")).to_have_text("1")
        card.locator("h3").hover()
        expect(card.locator(".face.lit")).to_have_count(0)
        card.locator(".face").first.hover()
        expect(card.locator("a.box.lit .digit")).to_have_text("0")

    def test_the_keyboard_goes_from_box_to_box_and_to_the_face(
        self, new_page: NewPage, job: str
    ) -> None:
        page = new_page(f"{job}?view=list")
        card = page.locator(".gallery > li").first
        card.locator("a.box").first.focus()
        page.keyboard.press("ArrowRight")
        expect(card.locator("a.box").nth(1)).to_be_focused()
        page.keyboard.press("End")
        expect(card.locator("a.box").last).to_be_focused()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(card.locator(".face:target .number")).to_have_text("1")

    def test_all_seven_are_shown_on_demand(
        self, new_page: NewPage, job: str, results: list[PhotoResult]
    ) -> None:
        page = new_page(f"{job}?view=list")
        face = page.locator(".face").first
        expect(face.locator(".bars").first.locator("li")).to_have_count(3)
        face.locator("summary").press("Enter")
        seven = face.locator("details .bars .name")
        expect(seven).to_have_count(7)
        ranked = results[0].faces[0].emotions
        assert seven.all_text_contents() == sorted(ranked, key=lambda e: ranked[e], reverse=True)

    def test_pictures_and_crops_load(self, new_page: NewPage, job: str) -> None:
        page = new_page(f"{job}?view=list")
        photo = page.locator(".shot img").first
        photo.scroll_into_view_if_needed()
        until(page, "document.querySelector('.shot img').naturalWidth > 300")
        box = page.locator(".crop").first.bounding_box()
        assert box is not None
        assert box["width"] == box["height"] > 50

    def test_failed_photos_say_what_to_do(self, new_page: NewPage, job: str) -> None:
        page = new_page(f"{job}?view=list&status=failed")
        assert shown_names(page) == ["truncated.jpg"]
        expect(page.locator(".gallery")).to_contain_text("send it whole")


class TestFilter:
    def test_by_expression_and_confidence(
        self, new_page: NewPage, job: str, results: list[PhotoResult]
    ) -> None:
        page = new_page(f"{job}?view=list")
        page.select_option("#expression", "happiness")
        page.wait_for_url("**expression=happiness*")
        # A threshold of the address stands, whichever are offered for the faces of the job.
        page.goto(f"{page.url.partition('#')[0]}&min_p=0.5")
        expect(page.locator("#min_p")).to_have_value("0.5")
        wanted = [
            photo.filename
            for photo in results
            if any(f.expression.label == "happiness" and f.expression.p >= 0.5 for f in photo.faces)
        ]
        assert wanted
        assert shown_names(page) == wanted
        assert "uncertain" not in page.url

    def test_by_a_bar_of_the_chart(self, new_page: NewPage, job: str) -> None:
        page = new_page(f"{job}?view=list")
        bar = page.locator(".chart a", has_text="neutral")
        assert int(bar.locator(".value").inner_text()) > 0
        bar.click()
        page.wait_for_url("**expression=neutral*")
        expect(page.locator("#expression")).to_have_value("neutral")
        expect(page.locator(".chart a[aria-current]")).to_contain_text("neutral")

    def test_one_that_nothing_fits_leads_back(self, new_page: NewPage, job: str) -> None:
        page = new_page(f"{job}?view=list&expression=disgust&min_p=0.95")
        expect(page.locator(".empty")).to_contain_text("No photo fits")
        page.locator(".empty a").click()
        expect(page.locator(".gallery > li")).to_have_count(12)


class TestDownloads:
    def download(self, page: Page, name: str, folder: Path) -> Path:
        with page.expect_download() as started:
            page.get_by_role("link", name=name, exact=True).click()
        path = folder / started.value.suggested_filename
        started.value.save_as(path)
        return path

    def test_csv_jsonl_and_zip(
        self, new_page: NewPage, job: str, results: list[PhotoResult], tmp_path: Path
    ) -> None:
        page = new_page(f"{job}?view=list")
        names = [photo.filename for photo in results]
        text = self.download(page, "CSV", tmp_path).read_text()
        rows = csv.DictReader(io.StringIO(text))
        assert list(dict.fromkeys(row["filename"] for row in rows)) == names
        lines = self.download(page, "JSONL", tmp_path).read_text().splitlines()
        assert [json.loads(line)["filename"] for line in lines] == names
        with zipfile.ZipFile(self.download(page, "Annotated zip", tmp_path)) as archive:
            assert archive.testzip() is None
            pictures = [name for name in archive.namelist() if name.startswith("annotated/")]
        assert len(pictures) == sum(photo.status in {"succeeded", "no_face"} for photo in results)


def test_a_job_is_opened_again_by_its_link(new_page: NewPage, job: str) -> None:
    page = new_page("/jobs")
    page.locator("table.jobs a", has_text="Twelve photos").first.click()
    expect(page.locator("h1")).to_have_text("Twelve photos")
    expect(new_page(job).locator("h1")).to_have_text("Twelve photos")


def test_a_photo_has_a_page_of_its_own(
    new_page: NewPage, job: str, results: list[PhotoResult]
) -> None:
    page = new_page(f"{job}?view=list")
    page.locator(".gallery h3 a").first.click()
    expect(page.locator("h1")).to_have_text(results[0].filename)
    expect(page.locator(".face")).to_have_count(len(results[0].faces))
    expect(page.locator(".face").first.locator(".bars li")).to_have_count(7)
    until(page, "document.querySelector('.shot img').naturalWidth > 300")


def test_no_retry_is_offered_for_a_damaged_file(new_page: NewPage, job: str) -> None:
    page = new_page(f"{job}?view=list")
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    expect(page.locator("#line")).to_contain_text("1 failed")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)


def test_a_job_is_deleted_only_after_the_question(new_page: NewPage) -> None:
    page = new_page(expect=("410",))
    path = submit(page, sample_paths()[:1])
    wait_final(page)
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("erased for good")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/jobs")
    expect(page.locator(".flash")).to_contain_text("erased")
    page.goto(page.url.removesuffix("/jobs") + path)
    expect(page.locator("h1")).to_have_text("The resource is gone")


@pytest.mark.parametrize("address", ["/", "/jobs", "JOB", "PHOTO", "/models", "/notice"])
def test_a_phone_never_scrolls_sideways(new_page: NewPage, job: str, address: str) -> None:
    known = {"JOB": job, "PHOTO": f"{job}?view=list"}
    page = new_page(known.get(address, address), size=PHONE, is_mobile=True, has_touch=True)
    if address == "PHOTO":
        page.locator(".gallery h3 a").first.click()
        page.wait_for_url("**/photos/*")
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide == 0
