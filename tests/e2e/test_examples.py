"""The examples of README.md and docs/client.md, typed as written in an empty environment."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.stack import LocalStack
from tests.e2e.conftest import REPOSITORY
from tests.e2e.photos import sample_paths

# One stack serves the whole session, so these stay in one process of pytest-xdist.
# pip twice: 200 s when other tests have the cores.
pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

README = (REPOSITORY / "README.md").read_text()
PAGE = (REPOSITORY / "docs" / "client.md").read_text()
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
