"""200 photos in one request: every format agrees, and a repetition is the same job."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.photos import write_variations

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

PHOTOS = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch")
    write_variations(folder, count=PHOTOS)
    return folder


@pytest.fixture(scope="module")
def job(module_cli: Cli, folder: Path) -> str:
    done = module_cli.run("submit", folder, "--idempotency-key", "the-batch")
    return done.stdout.strip()


@pytest.fixture(scope="module")
def photos(module_cli: Cli, job: str) -> list[dict[str, Any]]:
    done = module_cli.run("results", job, "--wait", "--format", "json")
    photos: list[dict[str, Any]] = json.loads(done.stdout)["data"]
    return photos


class TestIdempotency:
    def test_the_same_key_and_photos_give_the_same_job(
        self, module_cli: Cli, folder: Path, job: str
    ) -> None:
        again = module_cli.run("submit", folder, "--idempotency-key", "the-batch")
        assert again.stdout.strip() == job

    def test_the_same_key_with_other_photos_is_refused(
        self, module_cli: Cli, folder: Path, job: str
    ) -> None:
        assert job
        one = folder / "photo-0000.jpg"
        refused = module_cli.run("submit", one, "--idempotency-key", "the-batch", code=6)
        assert "idempotency-mismatch" in refused.stderr


class TestResults:
    def test_come_in_the_order_sent_and_each_once(self, photos: list[dict[str, Any]]) -> None:
        assert [photo["index"] for photo in photos] == list(range(PHOTOS))
        assert [photo["filename"] for photo in photos] == [
            f"photo-{n:04d}.jpg" for n in range(PHOTOS)
        ]
        assert len({photo["item_id"] for photo in photos}) == PHOTOS

    def test_almost_all_show_a_face_and_none_fails(self, photos: list[dict[str, Any]]) -> None:
        statuses = Counter(photo["status"] for photo in photos)
        assert statuses["failed"] == 0
        assert statuses["succeeded"] >= 0.95 * PHOTOS

    def test_jsonl_is_json_line_by_line(
        self, module_cli: Cli, job: str, photos: list[dict[str, Any]]
    ) -> None:
        lines = module_cli.run("results", job, "--format", "jsonl").stdout.splitlines()
        assert [json.loads(line) for line in lines] == photos

    def test_csv_agrees_count_for_count(
        self, module_cli: Cli, job: str, photos: list[dict[str, Any]]
    ) -> None:
        text = module_cli.run("results", job, "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        faces = Counter(row["item_id"] for row in rows if row["face_index"])
        assert {row["item_id"] for row in rows} == {photo["item_id"] for photo in photos}
        assert faces == Counter(
            {photo["item_id"]: len(photo["faces"]) for photo in photos if photo["faces"]}
        )

    def test_counts_of_the_job_agree(
        self, module_cli: Cli, job: str, photos: list[dict[str, Any]]
    ) -> None:
        state = json.loads(module_cli.run("status", job, "--format", "json").stdout)
        statuses = Counter(photo["status"] for photo in photos)
        assert state["status"] == "succeeded"
        assert state["counts"]["total"] == PHOTOS
        assert state["counts"]["succeeded"] == statuses["succeeded"]
        assert state["counts"]["no_face"] == statuses["no_face"]
        assert state["progress"] == 1
