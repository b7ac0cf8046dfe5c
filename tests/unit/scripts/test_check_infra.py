"""Every checker of infra files is on, and finds an error planted for it in a copy of the tree."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.check_infra import CHECKERS, Checker, main, manifests, run

ROOT = Path(__file__).parents[3]
COPIED = (".ci", ".github", "infra", "scripts")
FILES = (".pre-commit-config.yaml", ".yamllint", "docker-compose.yml")

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: planted}
spec:
  selector: {matchLabels: {app: planted}}
  template:
    metadata: {labels: {app: planted}}
    spec: {containers: [{name: planted, image: planted:1}]}
"""
RULES = """groups:
  - name: planted
    rules:
      - {alert: Planted, expr: up == 0}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of every file that is checked, with a manifest and a rule of which none is wrong."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    write(tmp_path / "infra/k8s/planted.yaml", DEPLOYMENT)
    write(tmp_path / "infra/prometheus/rules/planted.yml", RULES)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(tree: Path) -> None:
        path = tree / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return plant


# What is planted, and a word of what the checker must say about it.
PLANTED: dict[str, tuple[Callable[[Path], None], str]] = {
    "hadolint": (
        replaced("infra/docker/Dockerfile", "FROM run AS web", "FROM debian:latest AS web"),
        "DL3007",
    ),
    "compose": (replaced("docker-compose.yml", "service_healthy", "service_helthy"), "helthy"),
    "compose-rules": (
        replaced("docker-compose.yml", "  read_only: true", "  read_only: true\n  pids_limit: 512"),
        "pids_limit beside deploy",
    ),
    "workflows": (replaced(".github/workflows/ci.yml", "runs-on:", "runs-om:"), "runs-o"),
    "actionlint": (
        replaced(".github/workflows/images.yml", "matrix.target }}", "matrix.tarket }}"),
        "tarket",
    ),
    "kubernetes": (
        replaced("infra/k8s/planted.yaml", "spec:\n  sel", "spec:\n  replikas: 2\n  sel"),
        "replikas",
    ),
    "yamllint": (replaced(".github/workflows/ci.yml", "\njobs:\n", "\njobs: \n"), "trailing"),
    "shellcheck": (replaced(".ci/run", "make test", 'make test $1\ncd "$2"'), "SC2086"),
    "promtool": (
        replaced("infra/prometheus/rules/planted.yml", "up == 0", "up == ("),
        "could not parse",
    ),
}


def test_an_error_is_planted_for_each() -> None:
    assert PLANTED.keys() == {checker.name for checker in CHECKERS}


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_finds_what_is_planted(checker: Checker, tree: Path) -> None:
    before = run(checker, tree)
    assert before.fault == ""
    if checker.optional and shutil.which(checker.command[0]) is None:
        # promtool comes with Debian's prometheus and from no wheel: there is nothing to show.
        assert before.note == f"left out: {checker.command[0]} is not installed"
        return
    plant, word = PLANTED[checker.name]
    plant(tree)
    assert word in run(checker, tree).fault


def test_the_whole_fails_and_tells_why(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PLANTED["compose"][0](tree)
    assert main([str(tree)]) == 1
    shown = capsys.readouterr().out
    assert "compose" in shown
    assert "helthy" in shown


def test_a_missing_program_is_a_fault_unless_it_is_optional(tree: Path) -> None:
    gone = Checker("gone", ("no-such-program",), lambda root: [root / ".ci" / "run"])
    assert "not installed" in run(gone, tree).fault
    optional = Checker("gone", gone.command, gone.find, optional=True)
    assert run(optional, tree).fault == ""
    assert "left out" in run(optional, tree).note


def test_leaves_objects_of_operators_and_patches_to_others(tree: Path) -> None:
    write(tree / "infra/k8s/scaler.yaml", "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n")
    write(tree / "infra/k8s/gpu/patch-worker.yaml", "apiVersion: apps/v1\nkind: Deployment\n")
    found = {path.name for path in manifests(tree)}
    assert "planted.yaml" in found
    assert not found & {"scaler.yaml", "patch-worker.yaml"}
