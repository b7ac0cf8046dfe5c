"""Each threat of docs/security.md names a test that shows what stops it, and the test is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)[^)]*\)")
_CELL = re.compile(r"(?<!\\)\|")
_COLUMNS = 4


def rows() -> list[tuple[str, ...]]:
    """Return the cells of the table of threats."""
    section = (
        (DOCS / "security.md").read_text().partition("\n## Threats\n")[2].partition("\n## ")[0]
    )
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in _CELL.split(line)[1:-1]) for line in lines]
    return cells[2:]  # below the head and its line


ROWS = rows()


def named_tests(cell: str) -> dict[str, Path]:
    """Return the links of a cell that lead to a test, by what they are called."""
    links = {name: (DOCS / target).resolve() for name, target in _LINK.findall(cell)}
    return {name: path for name, path in links.items() if "tests" in path.parts}


@cache
def functions(path: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_the_table_is_read() -> None:
    assert len(ROWS) > 20
    assert {len(row) for row in ROWS} == {_COLUMNS}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_names_its_test(row: tuple[str, ...]) -> None:
    named = named_tests(row[2])
    assert named, f"name a test as [test_…](../tests/….py): {row[0]}"
    missing = [
        f"{name} in {path}"
        for name, path in named.items()
        if not path.is_file() or name not in functions(path)
    ]
    assert missing == []


def test_all_that_the_page_links_to_is_there() -> None:
    targets = [target for _, target in _LINK.findall((DOCS / "security.md").read_text())]
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (DOCS / target).exists()] == []
