"""The examples of README.md, docs/client.md, docs/exports.md and the pages on moving here.

They are typed as written in an empty environment.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from infra.local.stack import LocalStack
from tests.e2e.conftest import REPOSITORY
from tests.e2e.photos import sample_paths
from tests.fixtures.saved_predictions import (
    hume_face,
    hume_source,
    rekognition_answer,
    rekognition_face,
)

# One stack serves the whole session, so these stay in one process of pytest-xdist.
# pip twice: 200 s when other tests have the cores.
pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

README = (REPOSITORY / "README.md").read_text()
PAGE = (REPOSITORY / "docs" / "client.md").read_text()
MOVING = {
    name: (REPOSITORY / "docs" / f"migrating-from-{name}.md").read_text()
    for name in ("rekognition", "hume")
}
EXPORTS = (REPOSITORY / "docs" / "exports.md").read_text()
# pip, or the longest example.
TIMEOUT_S = 240


def examples(text: str, language: str) -> list[str]:
    """Return the blocks of one language, in order ("" for blocks that name none)."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [block for name, block in blocks if name == language]


@dataclass(frozen=True)
class Shell:
    """Types lines into bash, in an environment that holds the client and nothing else."""

    folder: Path
    environment: dict[str, str]

    def type(self, script: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done

    def install(self, what: str) -> None:
        """Install as the pages say, by uv in pip's place: 2 s of CPU instead of 15.

        Whoever has configured pip alone still gets it.
        """
        uv = Path(sys.executable).with_name("uv")
        self.type(
            f"'{uv}' pip install --quiet --python venv/bin/python '{what}'"
            f" || '{sys.executable}' -m pip --python venv/bin/python install -q '{what}'"
        )

    def python(self, script: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "example.py").write_text(script)
        return self.type("python -W error example.py")


@pytest.fixture(scope="module")
def shell(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An empty environment, and what a user has who cloned the repository."""
    folder = tmp_path_factory.mktemp("user")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    # A copy, because building leaves build/ and *.egg-info in the tree.
    skipped = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(REPOSITORY / "client", folder / "client", ignore=skipped)
    for name in ("samples", "photos"):
        (folder / name).mkdir()
        for path in sample_paths()[:3] if name == "photos" else sample_paths():
            shutil.copy(path, folder / name / path.name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = kept | {
        "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}",
        "HFER_URL": stack.url,
        "HFER_API_KEY": stack.tenant_key(),
        "XDG_STATE_HOME": str(folder / "state"),
        "NO_PROXY": "127.0.0.1",
    }
    shell = Shell(folder, environment)
    shell.install("./client")
    return shell


class TestReadme:
    def test_the_client_brings_no_machine_learning(self, shell: Shell) -> None:
        packages = (shell.folder / "venv").glob("lib/python*/site-packages/*.dist-info")
        listed = {path.name.partition("-")[0].lower() for path in packages}
        assert "httpx" in listed
        assert not {"numpy", "torch", "tensorflow", "openvino"} & listed

    def test_from_the_shell(self, shell: Shell) -> None:
        (command,) = [part for part in examples(README, "") if part.startswith("hfer submit")]
        assert "expression" in shell.type(command).stdout
        assert (shell.folder / "out" / "results.json").exists()

    def test_from_python(self, shell: Shell) -> None:
        (example,) = examples(README, "python")
        printed = shell.python(example).stdout.splitlines()
        assert any(re.fullmatch(r"collins\.jpg 0 \w+ \d+%", line) for line in printed)


@pytest.fixture(scope="module")
def pandas_shell(shell: Shell) -> Shell:
    """The same environment, with what the page's examples ask for."""
    shell.install("./client[images,pandas,plot]")
    return shell


class TestPage:
    @pytest.mark.parametrize("number", range(len(examples(PAGE, "python"))))
    def test_every_python_example_runs_and_prints(self, pandas_shell: Shell, number: int) -> None:
        assert pandas_shell.python(examples(PAGE, "python")[number]).stdout

    def test_the_shells_examples_run(self, pandas_shell: Shell) -> None:
        (script,) = examples(PAGE, "console")
        pandas_shell.type(script)
        assert "happiness" in (pandas_shell.folder / "faces.csv").read_text()


@pytest.fixture(scope="module")
def moving_shell(shell: Shell) -> Shell:
    """The same environment, with what a user of the other services saved of the same photos."""
    lines = shell.type("hfer submit photos/ --wait --quiet --format jsonl").stdout.splitlines()
    saved = shell.folder / "saved"
    (saved / "rekognition").mkdir(parents=True)
    sources, answers = [], []
    for photo in map(json.loads, lines):
        faces = photo["faces"]
        boxes = [tuple(face["box"][side] for side in "xywh") for face in faces]
        sources.append(hume_source(photo["filename"], *(hume_face(box, Joy=0.5) for box in boxes)))
        sides = {"Left": "x", "Top": "y", "Width": "w", "Height": "h"}
        shares = [{name: face["box_norm"][s] for name, s in sides.items()} for face in faces]
        answer = rekognition_answer(
            *(rekognition_face(HAPPY=60.0, CALM=20.0) | {"BoundingBox": box} for box in shares)
        )
        (saved / "rekognition" / f"{photo['filename']}.json").write_text(json.dumps(answer))
        answers.append(json.dumps({"filename": photo["filename"], **answer}))
    (saved / "predictions.json").write_text(json.dumps(sources))
    (saved / "rekognition.jsonl").write_text("\n".join(answers))
    return shell


class TestMoving:
    @pytest.mark.parametrize("name", MOVING)
    def test_the_python_examples_run_and_print(self, moving_shell: Shell, name: str) -> None:
        for example in examples(MOVING[name], "python"):
            assert moving_shell.python(example).stdout

    @pytest.mark.parametrize("name", MOVING)
    def test_the_shells_examples_run(self, moving_shell: Shell, name: str) -> None:
        (script,) = examples(MOVING[name], "console")
        assert "same first answer" in moving_shell.type(script).stdout
        with (moving_shell.folder / "compared.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["side"] for row in rows} == {"both"}
        assert "<table>" in (moving_shell.folder / "compared.html").read_text()


@pytest.fixture(scope="module")
def files(pandas_shell: Shell) -> Path:
    """The folder in which a job lies in every form."""
    pandas_shell.install("./client[tables]")
    (script,) = examples(EXPORTS, "sh")
    begun = "JOB=$(hfer submit 'photos/*.jpg' --quiet)\nhfer results $JOB --wait > /dev/null\n"
    pandas_shell.type(begun + script)
    return pandas_shell.folder


@pytest.fixture(scope="module")
def table(files: Path) -> list[dict[str, Any]]:
    """The Parquet's rows, which have all decimals."""
    rows: list[dict[str, Any]] = pq.read_table(files / "faces.parquet").to_pylist()
    assert len([row for row in rows if row["face_index"] is not None]) >= 3
    return rows


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestExports:
    def test_csv_and_xlsx_have_the_same_table(
        self, files: Path, table: list[dict[str, Any]]
    ) -> None:
        csv_rows = read_csv(files / "faces.csv")
        head, *sheet = openpyxl.load_workbook(files / "faces.xlsx")["faces"].values
        assert list(head) == list(csv_rows[0]) == list(table[0])
        for row, text, cells in zip(table, csv_rows, sheet, strict=True):
            for (name, value), cell in zip(row.items(), cells, strict=True):
                assert cell == (pytest.approx(value, abs=5e-7) if value != "" else None), name
                if isinstance(value, float):
                    assert float(text[name]) == pytest.approx(value, abs=5.1e-7), name
                else:
                    told = str(value).upper() if isinstance(value, bool) else str(value or "")
                    assert text[name] == ("0" if value == 0 and value is not False else told), name

    def test_the_other_forms_have_the_same_faces(
        self, files: Path, table: list[dict[str, Any]]
    ) -> None:
        faces = [row for row in table if row["face_index"] is not None]
        found = json.loads((files / "faces.json").read_text())["annotations"]
        tasks = json.loads((files / "tasks.json").read_text())
        regions = [region for task in tasks for region in task["predictions"][0]["result"][::2]]
        lines = read_csv(files / "faces.pyfeat.csv")
        for row, one, region, line in zip(faces, found, regions, lines, strict=True):
            assert one["bbox"] == [row[f"box_{name}"] for name in "xywh"]
            assert one["score"] == region["score"] == row["top_p"]
            assert region["value"]["rectanglelabels"] == [row["top_label"]]
            assert float(line["happiness"]) == pytest.approx(row["p_happiness"], abs=5.1e-7)
