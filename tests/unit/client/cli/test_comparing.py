"""``hfer compare`` against the service in memory."""

import json
from pathlib import Path

import pytest

from tests.fixtures.fake_service import JOB, FakeService, photo_json
from tests.fixtures.saved_predictions import hume_face, hume_source
from tests.unit.client.cli.conftest import Run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sources = [
        hume_source("a.jpg", hume_face(Joy=0.6), hume_face((50, 0, 9, 9))),
        *(hume_source(f"gone{number}.jpg") for number in range(25)),
    ]
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(sources))
    return path


@pytest.fixture(autouse=True)
def finished(service: FakeService) -> None:
    service.results = [photo_json(0, "a.jpg")]


class TestCommand:
    def test_prints_a_table_and_lists_what_only_one_has(self, run: Run, file: Path) -> None:
        outcome = run("compare", file, JOB)
        assert outcome.code == 0
        assert "1 of 1 (100.0%)" in outcome.stdout
        assert "a.jpg: face 1 is only in the file" in outcome.stderr
        assert "gone0.jpg: no photo of this name in the job" in outcome.stderr
        assert "… and 5 more: --format csv lists all." in outcome.stderr

    def test_prints_json_and_csv(self, run: Run, file: Path) -> None:
        assert json.loads(run("compare", file, JOB, "--json").stdout)["faces_agreed"] == 1
        lines = run("compare", file, JOB, "--format", "csv").stdout.splitlines()
        assert len(lines) == 1 + 1 + 1 + 25

    def test_writes_the_page(self, run: Run, file: Path, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        assert run("compare", file, JOB, "--page", page).code == 0
        assert "<h1>Hume beside HFER</h1>" in page.read_text(encoding="utf-8")

    def test_a_file_of_neither_service_is_a_wrong_path(self, run: Run, tmp_path: Path) -> None:
        other = tmp_path / "other.json"
        other.write_text("{}")
        outcome = run("compare", other, JOB)
        assert outcome.code == 2
        assert "neither of Hume nor of Amazon Rekognition" in outcome.stderr
