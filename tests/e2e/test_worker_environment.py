"""The CPU worker from nothing but its own requirements: no torch, no tensorflow, still works."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.stack import LocalStack
from tests.e2e.conftest import REPOSITORY, Cli
from tests.e2e.photos import sample_paths

pytestmark = pytest.mark.xdist_group("e2e")

HEAVY = {"torch", "torchvision", "tensorflow", "tensorflow-cpu", "keras", "facenet-pytorch"}


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with requirements/worker.txt in it."""
    folder = tmp_path_factory.mktemp("worker") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    requirements = REPOSITORY / "requirements" / "worker.txt"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    return python


@pytest.fixture
def clean_worker(stack: LocalStack, clean_python: Path) -> Iterator[None]:
    """The stack's worker, replaced for a while by one on the clean environment."""
    program = stack.supervisor.children["worker"].program
    stack.supervisor.stop("worker")
    stack.supervisor.start(replace(program, argv=(str(clean_python), *program.argv[1:])))
    yield
    stack.supervisor.stop("worker")
    stack.supervisor.start(program)


def test_its_requirements_install_no_training_framework(clean_python: Path) -> None:
    listing = subprocess.run(
        [clean_python, "-m", "pip", "list", "--format", "freeze"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    installed = {line.partition("==")[0].lower() for line in listing.splitlines()}
    assert "openvino" in installed
    assert not installed & HEAVY


@pytest.mark.usefixtures("clean_worker")
def test_it_analyses_a_photo(cli: Cli) -> None:
    shown = cli.run("submit", sample_paths()[0], "--wait", "--format", "jsonl").stdout
    assert '"status":"succeeded"' in shown.replace(" ", "")
