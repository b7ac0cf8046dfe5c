"""Folders: the same names by every way, and what the page takes of them."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.routes.album import pack_tar, pack_zip, write_album
from benchmarks.routes.ways import by_asyncio, by_client, by_command, by_page, digest, table
from hfer import Client
from infra.local.stack import LocalStack
from tests.e2e.photos import sample_paths
from tests.e2e.web.conftest import NewPage
from tests.fixtures.names import NAMES

PHOTOS, FOLDERS = 60, 6


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album")
    return write_album(folder, photos=PHOTOS, folders=FOLDERS)


def test_one_album_gives_one_table_by_every_way(
    new_page: NewPage, stack: LocalStack, album: Path, tmp_path: Path
) -> None:
    reached = {"url": stack.url, "key": stack.tenant_key()}
    jobs = {
        "command": by_command(album, **reached),
        "client": by_client(album, **reached),
        "asyncio": by_asyncio(album, **reached),
        "tar": by_command(pack_tar(album, tmp_path / "a.tar"), **reached),
        "zip": by_command(pack_zip(album, tmp_path / "a.zip"), **reached),
        "page": by_page(new_page(), album),
    }
    with Client(stack.url, stack.tenant_key()) as client:
        handles = {way: client.jobs.attach(job) for way, job in jobs.items()}
        for handle in handles.values():
            handle.wait(timeout_s=120)
        tables = {way: table(handle) for way, handle in handles.items()}
    names = [str(row[1]) for row in tables["command"]]
    assert len(names) == len(set(names)) == PHOTOS
    assert {'trip/day 0/say "cheese".jpg', "cam01/IMG_0000.jpg"} <= set(names)
    for way, rows in tables.items():
        assert rows == tables["command"], way
    assert len({digest(rows) for rows in tables.values()}) == 1


class TestChoice:
    def give(self, page: Page, *files: tuple[str, str]) -> None:
        """Choose files of these paths and contents, all of one time."""
        page.evaluate(
            """async (files) => {
              const transfer = new DataTransfer();
              for (const [path, content] of files) {
                const file = new File([content], path.split("/").at(-1), { lastModified: 1 });
                Object.defineProperty(file, "webkitRelativePath", { value: path });
                transfer.items.add(file);
              }
              const given = [...transfer.files].map((file, place) =>
                Object.defineProperty(file, "webkitRelativePath", { value: files[place][0] }));
              const input = document.getElementById("folder");
              Object.defineProperty(input, "files", { value: given, configurable: true });
              input.dispatchEvent(new Event("change"));
            }""",
            [list(file) for file in files],
        )

    def test_photos_of_one_name_size_and_time_are_as_many_photos(self, new_page: NewPage) -> None:
        page = new_page()
        self.give(page, ("set/cam1/a.jpg", "one"), ("set/cam2/a.jpg", "one"))
        expect(page.locator("#chosen-title")).to_contain_text("2 photos")
        self.give(page, ("set/cam1/a.jpg", "two"))
        expect(page.locator("#chosen-title")).to_contain_text("3 photos")
        self.give(page, ("set/cam1/a.jpg", "two"))
        expect(page.locator("#trouble")).to_contain_text("Left out, chosen already: a.jpg.")
        expect(page.locator("#thumbs li")).to_have_count(3)

    def test_the_content_decides(self, new_page: NewPage, tmp_path: Path) -> None:
        sample = sample_paths()[0].read_bytes()
        (tmp_path / "no_ending").write_bytes(sample)
        (tmp_path / "notes.jpg.json").write_text("{}")
        (tmp_path / "shot.cr3").write_bytes(b"\0\0\0\x18ftypcrx ")
        (tmp_path / "more.zip").write_bytes(b"PK\x03\x04")
        page = new_page()
        page.set_input_files("#folder", tmp_path)
        expect(page.locator("#chosen-title")).to_contain_text("1 photo,")
        for words in (
            "no photo that can be read: notes.jpg.json",
            "camera raw, which is not read here: shot.cr3",
            "opened if you choose it itself: more.zip",
        ):
            expect(page.locator("#trouble")).to_contain_text(words)


def test_the_page_calls_photos_as_the_service_does(new_page: NewPage) -> None:
    page = new_page()
    cleaned = page.evaluate(
        """async (names) => {
          const { cleanName } = await import(new URL("static/names.js", document.baseURI));
          return names.map(cleanName);
        }""",
        [raw for raw, _ in NAMES],
    )
    assert cleaned == [clean for _, clean in NAMES]


def test_one_folder_is_what_names_lie_below_and_several_are_told_apart(new_page: NewPage) -> None:
    names = new_page().evaluate(
        """async (choices) => {
          const { namesOf } = await import(new URL("static/names.js", document.baseURI));
          return choices.map(namesOf);
        }""",
        [["set/cam1/a.jpg", "set/b.jpg"], ["cam1/a.jpg", "cam2/a.jpg"], ["set/a.jpg", "b.jpg"], []],
    )
    assert names == [
        ["cam1/a.jpg", "b.jpg"],
        ["cam1/a.jpg", "cam2/a.jpg"],
        ["set/a.jpg", "b.jpg"],
        [],
    ]
