"""``hfer reviews`` against the service in memory."""

import json
from pathlib import Path

import httpx
import pytest

from tests.fixtures.fake_service import JOB, FakeService
from tests.fixtures.reviewed import annotation, job_photo, region, task
from tests.fixtures.webhook_answers import page
from tests.unit.client.cli.conftest import Run

ONE = (0.0, 0.0, 20.0, 20.0)


@pytest.fixture(autouse=True)
def taken(service: FakeService) -> None:
    """The job's results, then the answers to what is sent."""
    service.results = [job_photo(0, "cam1/a.jpg", ONE)]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    boxes = region(ONE, "anger", region_id="itm_0-0"), region((0, 28, 9, 9), "fear")
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task(annotation(*boxes))]), encoding="utf-8-sig")
    return path


class TestImport:
    def test_sends_what_fits_and_tells_what_does_not(
        self, run: Run, service: FakeService, export: Path
    ) -> None:
        outcome = run("reviews", "import", export, "--job", JOB)
        assert outcome.code == 3
        assert "1 reviews added, 0 known already, 0 passed over" in outcome.stderr
        assert "task 3, annotation 7, cam1/a.jpg: a box was added where" in outcome.stderr
        assert service.reviews == [
            {
                "item_id": "itm_0",
                "face_index": 0,
                "reviewer": "label-studio:1",
                "answer": "anger",
                "blind": False,
            }
        ]

    def test_strict_sends_nothing(self, run: Run, service: FakeService, export: Path) -> None:
        outcome = run("reviews", "import", export, "--job", JOB, "--strict")
        assert outcome.code == 2
        assert "1 in the file fit no face of the job, and nothing was sent" in outcome.stderr
        assert service.reviews == []

    def test_a_second_time_adds_nothing(
        self, run: Run, service: FakeService, tmp_path: Path
    ) -> None:
        table = tmp_path / "reviews.csv"
        table.write_text("filename,expression\ncam1/a.jpg,sadness\n")
        arguments = ("reviews", "import", table, "--job", JOB, "--reviewer", "ada", "--blind")
        assert run(*arguments).code == 0
        again = run(*arguments, "--json")
        assert json.loads(again.stdout) == {
            "added": 0,
            "unchanged": 1,
            "passed_over": 0,
            "unmatched": [],
        }
        assert [(r["reviewer"], r["blind"]) for r in service.reviews] == [("ada", True)] * 2

    def test_a_file_of_neither_form_is_refused_before_anything_is_sent(
        self, run: Run, service: FakeService, tmp_path: Path
    ) -> None:
        other = tmp_path / "min.json"
        other.write_text('[{"image": "a.jpg", "label": []}]')
        outcome = run("reviews", "import", other, "--job", JOB)
        assert outcome.code == 2
        assert "not JSON-MIN" in outcome.stderr
        assert service.reviews == []


class TestVotes:
    def test_prints_the_table_or_writes_it_whole(
        self, run: Run, service: FakeService, tmp_path: Path
    ) -> None:
        service.upsets.append(httpx.Response(200, content=b"file,fear\r\n"))
        assert "file,fear" in run("reviews", "votes", JOB, "--blind").stdout
        query = dict(service.requests[-1].url.params)
        assert query == {"job_id": JOB, "blind": "true"}
        service.upsets.append(httpx.Response(200, content=b"file,fear\r\n"))
        out = tmp_path / "votes.csv"
        assert run("reviews", "votes", "--out", out).code == 0
        assert out.read_bytes() == b"file,fear\r\n"
        assert [path.name for path in tmp_path.iterdir()] == ["votes.csv"]


class TestList:
    def test_prints_a_table_and_json(self, run: Run, service: FakeService) -> None:
        review = {
            "item_id": "itm_0",
            "face_index": 0,
            "reviewer": "[red]ada",
            "answer": "anger",
            "blind": True,
            "version": 2,
            "reviewed_at": "2026-11-30T07:00:00Z",
            "brand_new": 1,
        }
        service.upsets.append(page(review))
        assert "[red]ada" in run("reviews", "list", JOB).stdout
        service.upsets.append(page(review))
        assert json.loads(run("reviews", "list", JOB, "--json").stdout)[0]["version"] == 2

    def test_names_photos_and_narrows_across_jobs(self, run: Run, service: FakeService) -> None:
        vote = {"item_id": "itm_0", "filename": "cam1/a.jpg", "answer": "fear", "job_id": JOB}
        service.upsets.append(page(vote))
        outcome = run("reviews", "list", "--differs", "--in-sight", "--reviewer", "ada")
        assert "cam1/a.jpg" in outcome.stdout
        request = service.requests[-1]
        assert request.url.path == "/v1/reviews"
        assert dict(request.url.params) == {"differs": "true", "blind": "false", "reviewer": "ada"}

    def test_more_than_a_thousand_go_in_pieces(
        self, run: Run, service: FakeService, tmp_path: Path
    ) -> None:
        service.results = [job_photo(number, f"{number}.jpg", ONE) for number in range(1_001)]
        table = tmp_path / "many.csv"
        rows = "".join(f"{number}.jpg,fear\n" for number in range(1_001))
        table.write_text(f"filename,expression\n{rows}")
        assert run("reviews", "import", table, "--job", JOB, "--reviewer", "ada").code == 0
        posts = [request for request in service.requests if request.method == "POST"]
        assert [len(json.loads(post.content)["reviews"]) for post in posts] == [1_000, 1]
        assert isinstance(posts[0], httpx.Request)
