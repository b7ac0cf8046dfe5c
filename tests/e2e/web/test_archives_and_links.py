"""Archives and links through the page: what becomes of them, and the words when refused."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.web.conftest import NewPage, wait_final
from tests.e2e.web.test_accessibility import violations

REFUSED = "Failed to load resource"


def packed(path: Path, photos: list[Path]) -> Path:
    """Pack photos into two folders of a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, photo in enumerate(photos):
            archive.write(photo, f"party/day-{number % 2 + 1}/{photo.name}")
    return path


@pytest.fixture
def party(tmp_path: Path, photos: list[Path]) -> Path:
    return packed(tmp_path / "party.zip", photos)


class TestArchives:
    def test_a_zip_of_twelve_photos_is_a_job_of_twelve_with_their_folders(
        self, new_page: NewPage, party: Path, photos: list[Path]
    ) -> None:
        page = new_page()
        page.set_input_files("#files", party)
        expect(page.locator("#chosen-title")).to_contain_text("1 file,")
        expect(page.locator("#thumbs")).to_contain_text("party.zip")
        page.click("#send")
        page.wait_for_url("**/jobs/job_*")
        wait_final(page)
        expect(page.locator("#line")).to_contain_text("12 photos: 10 with faces")
        page.goto(f"{page.url}?view=list")
        names = page.locator(".gallery h3").all_text_contents()
        folders = [f"party/day-{place % 2 + 1}/{one.name}" for place, one in enumerate(photos)]
        assert names == folders

    def test_a_damaged_one_is_told_and_the_choice_kept(
        self, new_page: NewPage, party: Path
    ) -> None:
        whole = party.read_bytes()
        party.write_bytes(whole[: len(whole) // 2])
        page = new_page(expect=(REFUSED,))
        page.set_input_files("#files", party)
        page.click("#send")
        expect(page.locator("#trouble")).to_contain_text("damaged or ends early; pack it again")
        expect(page.locator("#thumbs li")).to_have_count(1)
        assert violations(page) == []

    def test_one_beyond_the_limits_is_told(self, new_page: NewPage, tmp_path: Path) -> None:
        path = tmp_path / "bomb.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros.bmp", bytes(14_000_000))
        page = new_page(expect=(REFUSED,))
        page.set_input_files("#files", path)
        page.click("#send")
        expect(page.locator("#trouble")).to_contain_text("times its size")


class TestLinks:
    @pytest.mark.parametrize("scripts", [True, False])
    def test_refused_ones_are_named_and_what_was_pasted_stays(
        self, new_page: NewPage, scripts: bool
    ) -> None:
        page = new_page(java_script_enabled=scripts, expect=("422",))
        page.get_by_text("Or paste links to photos").click()
        text = "https://photos.example.com/a.jpg\nhttps://10.0.0.1/b.jpg"
        page.fill("#links", text)
        page.get_by_role("button", name="Fetch and analyse").click()
        trouble = page.locator("#links-trouble")
        expect(trouble).to_contain_text("https://10.0.0.1/b.jpg: ")
        expect(trouble).not_to_contain_text("photos.example.com")
        expect(page.locator("#links")).to_have_value(text)
        if scripts:
            assert violations(page) == []

    def test_accepted_ones_become_a_job(self, new_page: NewPage) -> None:
        page = new_page()
        page.get_by_text("Or paste links to photos").click()
        page.fill("#links", "https://photos.invalid/album/a.jpg")
        page.fill("#links-name", "Album")
        page.get_by_role("button", name="Fetch and analyse").click()
        page.wait_for_url("**/jobs/job_*")
        expect(page.locator("h1")).to_have_text("Album")
