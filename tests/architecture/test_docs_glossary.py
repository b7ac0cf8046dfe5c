"""Files and classes that docs/glossary.md names exist."""

import re
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"
GLOSSARY = (Path(__file__).parents[2] / "docs/glossary.md").read_text()


def named(pattern: str) -> set[str]:
    """Return the code words of the tables' last column that fit a pattern."""
    columns = [line.rpartition("|")[0].rpartition("|")[2] for line in GLOSSARY.splitlines()]
    words = {word for column in columns for word in re.findall(r"`([^`]+)`", column)}
    return {word for word in words if re.fullmatch(pattern, word)}


def test_every_path_exists() -> None:
    paths = named(r"[a-z_0-9]+(/[a-z_0-9.]+)+")
    assert len(paths) > 30, "the pattern fits no more"
    assert {path for path in paths if not (SERVICES / path).exists()} == set()


def test_every_class_exists() -> None:
    source = "\n".join(path.read_text() for path in SERVICES.rglob("*.py"))
    classes = named(r"[A-Z]\w+")
    assert classes, "the pattern fits no more"
    assert {name for name in classes if f"class {name}" not in source} == set()


def test_no_word_stands_twice() -> None:
    words = re.findall(r"^\| ([^|]+) \|", GLOSSARY, re.MULTILINE)
    single = [each for word in words for each in word.split(", ") if each not in {"word", "---"}]
    assert sorted(set(single)) == sorted(single)
