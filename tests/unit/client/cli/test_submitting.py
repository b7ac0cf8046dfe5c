"""``hfer submit`` with photos by URL."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.fake_service import JOB, FakeService
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
