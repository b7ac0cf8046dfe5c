"""Rules of the tree that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = ("services", "client/src", "infra", "benchmarks")
LARGEST_FILE = 17_000_000


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for root in SOURCE_ROOTS for path in tracked(f"{root}/*.py")]


@pytest.mark.parametrize(
    "pattern",
    [
        r"except( Exception)?:\s*(pass|\.\.\.)\s*$",
        r"# type: ignore\s*$",
        r"# noqa\s*$",
        r"shell=True",
        r"\bpickle\.loads?\(",
        r"allow_pickle=True",
    ],
)
def test_source_holds_none_of_the_house_taboos(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert not found, found


def test_sql_stays_in_repositories() -> None:
    statement = re.compile(r"\btext\(|\bselect\(|\.execute\(|\bupdate\(\w+\)\.|\binsert\(\w+\)\.")
    allowed = re.compile(r"repositor|/db/|^migrations/|^services/(vision|trainer|imaging)/")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("services/*.py")
        if not allowed.search(str(path.relative_to(ROOT)))
        and "sqlalchemy" in (source := path.read_text())
        and statement.search(source)
    ]
    assert not found, found


def test_jobs_are_closed_together_with_their_messages() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("services/*.py")
        if ".close_ready(" in path.read_text()
    ]
    assert found == ["services/common/jobs/queue/closing.py"]


def test_commit_stays_at_the_edge() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("services/*.py")
        if ".commit()" in path.read_text() and path.name != "session.py"
    ]
    assert not found, found


def test_names_no_registry_host() -> None:
    hosts = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs"]))
    found = []
    for path in tracked():
        if path.suffix in {".onnx", ".npz", ".png", ".jpg", ".jpeg", ".bin", ".ico"}:
            continue
        if hosts.search(path.read_text(errors="ignore")):
            found.append(str(path.relative_to(ROOT)))
    assert not found, found


def test_no_file_is_too_large_for_a_clone() -> None:
    large = [str(path) for path in tracked() if path.stat().st_size > LARGEST_FILE]
    assert not large, large
