"""``hfer submit``: photos by URL, and what is left out of folders."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.fake_service import JOB, FakeService, job_json, photo_json
from tests.unit.client.cli.conftest import Run

FIRST, SECOND = "https://photos.example/a.jpg", "https://photos.example/b.jpg"


def sent_urls(service: FakeService) -> list[str]:
    (request,) = service.sent("POST", "/v1/jobs")
    return [given["url"] for given in json.loads(request.content)["inputs"]]


class TestUrls:
    def test_as_arguments(self, run: Run, service: FakeService) -> None:
        outcome = run("submit", FIRST, SECOND)
        assert (outcome.code, outcome.stdout.strip()) == (0, JOB)
        assert sent_urls(service) == [FIRST, SECOND]

    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_from_a_list_with_comments(
        self, run: Run, service: FakeService, tmp_path: Path, mark: str
    ) -> None:
        listed = tmp_path / "urls.txt"
        listed.write_text(f"{mark}# album\n\n  {SECOND}  \r\n", encoding="utf-8")
        assert run("submit", FIRST, "--urls", listed).code == 0
        assert sent_urls(service) == [FIRST, SECOND]

    def test_from_stdin(
        self, run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stdin = io.TextIOWrapper(io.BytesIO(f"{FIRST}\n".encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        assert run("submit", "--urls", "-").code == 0
        assert sent_urls(service) == [FIRST]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"https://x/\nalbum/a.jpg\n", "line 2"),
            (b"\xff\xfe", "UTF-8"),
            (b"# none", "No photos"),
        ],
    )
    def test_a_list_of_something_else(
        self, run: Run, service: FakeService, tmp_path: Path, content: bytes, said: str
    ) -> None:
        listed = tmp_path / "urls.txt"
        listed.write_bytes(content)
        outcome = run("submit", "--urls", listed)
        assert outcome.code == 2
        assert said in outcome.stderr
        assert service.requests == []

    def test_mixed_with_files(
        self, run: Run, service: FakeService, make_photo: Callable[..., Path]
    ) -> None:
        outcome = run("submit", make_photo(), FIRST)
        assert outcome.code == 2
        assert "two jobs" in outcome.stderr
        assert service.requests == []

    def test_nothing_at_all(self, run: Run) -> None:
        assert run("submit").code == 2

    def test_without_minio_it_says_what_to_install(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        outcome = run("submit", "s3://mine/photos")
        assert outcome.code == 2
        assert "pip install 'hfer[s3]'" in outcome.stderr


class TestLeftOut:
    @pytest.fixture
    def folder(self, make_photo: Callable[..., Path]) -> Path:
        """A photo, and what a phone and an export leave beside it."""
        make_photo("set/a.jpg", b"\xff\xd8\xff")
        make_photo("set/a.jpg.json", b"{}")
        make_photo("set/.DS_Store", b"x")
        dead = make_photo("set/x").with_name("dead.jpg")
        dead.symlink_to("nowhere.jpg")
        return dead.parent

    def test_side_files_and_dead_links_are_said_and_nothing_is_missing(
        self, run: Run, folder: Path
    ) -> None:
        outcome = run("submit", folder, "-q")
        assert (outcome.code, outcome.stdout) == (0, f"{JOB}\n")
        assert "Passed over 3 files that are no photo" in outcome.stderr
        assert "Passed over 1 file, a link to nothing: dead.jpg." in outcome.stderr

    @pytest.mark.parametrize("more", [[], ["--wait"], ["--wait", "--format", "csv"]])
    def test_photos_that_the_service_does_not_read_are_an_exit_code(
        self, run: Run, service: FakeService, folder: Path, more: list[str]
    ) -> None:
        service.limits = {"formats": ["JPEG"]}
        (folder / "b.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        outcome = run("submit", folder, *more)
        assert outcome.code == 3
        assert "Left out 1 file, HEIC, which this service does not read: b.jpg." in outcome.stderr
        assert service.sent("POST", "/v1/jobs")[0].content.count(b'name="files"') == 1

    def test_strict_sends_nothing(self, run: Run, service: FakeService, folder: Path) -> None:
        outcome = run("submit", folder, "--strict")
        assert outcome.code == 2
        assert "dead.jpg. Nothing was sent." in outcome.stderr
        assert service.sent("POST") == []

    def test_failed_photos_are_named_where_the_table_goes_elsewhere(
        self, run: Run, service: FakeService, folder: Path
    ) -> None:
        service.polls = [job_json("succeeded", succeeded=1, failed=4)]
        service.results = [photo_json(n, f"{n}.jpg", status="failed") for n in range(4)]
        outcome = run("submit", folder, "--wait", "--format", "csv")
        assert outcome.code == 3
        assert "Failed: 0.jpg (truncated: Send it again.)" in outcome.stderr
        assert "Failed: 1 more, which the results name." in outcome.stderr
