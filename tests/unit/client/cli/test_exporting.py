import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hfer.exports.label_studio import CONFIG
from tests.fixtures.fake_service import JOB, FakeService
from tests.fixtures.told_job import as_json
from tests.unit.client.cli.conftest import Run

FILES = ["parquet", "xlsx", "coco", "label-studio", "pyfeat"]


@pytest.fixture(autouse=True)
def _results(service: FakeService) -> None:
    service.results = as_json()


@pytest.mark.parametrize("form", FILES)
def test_writes_the_file_and_says_where(run: Run, tmp_path: Path, form: str) -> None:
    out = tmp_path / "faces.out"
    ended = run("results", JOB, "--wait", "--format", form, "--out", out)
    assert ended.code == 0
    assert ended.stdout == ""
    assert str(out) in ended.stderr
    assert out.stat().st_size > 0


def test_parquet_has_all_rows(run: Run, tmp_path: Path) -> None:
    run("results", JOB, "--wait", "-f", "parquet", "--out", tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 8


def test_label_studio_gets_its_interface_and_the_prefix(run: Run, tmp_path: Path) -> None:
    tasks, interface = tmp_path / "tasks.json", tmp_path / "tasks.xml"
    chosen = ["--out", tasks, "--per", "face", "--image-prefix", "s3://bucket/"]
    ended = run("results", JOB, "--wait", "-f", "label-studio", *chosen)
    assert interface.read_text() == CONFIG
    assert str(interface) in ended.stderr
    assert "--image-prefix" not in ended.stderr
    assert {task["data"]["image"][:12] for task in json.loads(tasks.read_text())} == {
        "s3://bucket/"
    }


def test_says_that_photos_are_not_found_without_a_prefix(run: Run, tmp_path: Path) -> None:
    ended = run("results", JOB, "--wait", "-f", "label-studio", "--out", tmp_path / "a.json")
    assert "Without --image-prefix" in ended.stderr


@pytest.mark.parametrize("form", FILES)
def test_a_file_needs_a_name(run: Run, service: FakeService, form: str) -> None:
    ended = run("results", JOB, "--format", form)
    assert ended.code == 2
    assert "--out FILE" in ended.stderr
    assert service.requests == []


def test_a_folder_is_no_file_and_a_file_no_folder(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("")
    assert run("results", JOB, "--format", "coco", "--out", tmp_path).code == 2
    assert run("results", JOB, "--format", "csv", "--out", tmp_path / "a").code == 2
    assert service.requests == []


def test_tasks_do_not_lie_where_their_interface_goes(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    ended = run("results", JOB, "--format", "label-studio", "--out", tmp_path / "tasks.XML")
    assert ended.code == 2
    assert ".json" in ended.stderr
    assert service.requests == []


def test_results_that_a_form_cannot_hold_end_with_2(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    service.results = [as_json()[0] | {"filename": "x" * 32_768}]
    ended = run("results", JOB, "--wait", "--format", "xlsx", "--out", tmp_path / "a.xlsx")
    assert ended.code == 2
    assert "Take parquet or CSV" in ended.stderr
    assert list(tmp_path.glob("a*")) == []
