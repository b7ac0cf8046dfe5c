"""docs/upgrade.md names every migration, in the order in which they run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_has_a_row_for_each_migration() -> None:
    page = (ROOT / "docs/upgrade.md").read_text()
    files = (ROOT / "migrations/versions").glob("*.py")
    made = [
        re.findall(r'^revision: str = "(\w+)"', path.read_text(), re.MULTILINE) for path in files
    ]
    told = re.findall(r"^\| \**(\d{4})\** \|", page, re.MULTILINE)
    assert told == sorted(revision for (revision,) in made)
