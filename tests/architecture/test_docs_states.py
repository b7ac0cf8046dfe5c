"""The diagrams of docs/architecture.md show the transitions and tables that the code has."""

import re
from pathlib import Path

from services.common.db.base import Base
from services.common.domain.jobs import ITEM_TRANSITIONS, JOB_TRANSITIONS, ItemState, JobStatus

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
_ARROW = re.compile(r"^\s*(\w+) --> (\w+)", re.MULTILINE)


def drawn(heading: str) -> set[tuple[str, str]]:
    """Return the arrows between states of the diagram below a heading."""
    section = PAGE.partition(f"### {heading}\n")[2].partition("\n#")[0]
    diagram = re.search(r"```mermaid\nstateDiagram-v2\n(.*?)```", section, re.DOTALL)
    assert diagram, f"no state diagram below {heading!r}"
    return set(_ARROW.findall(diagram[1]))


def test_the_job_diagram_has_the_transitions_of_the_code() -> None:
    coded = {(one.value, other.value) for one in JobStatus for other in JOB_TRANSITIONS[one]}
    assert drawn("States of a job") == coded


def test_the_item_diagram_has_the_transitions_of_the_code() -> None:
    coded = {(one.name, other.name) for one in ItemState for other in ITEM_TRANSITIONS[one]}
    assert drawn("States of a photo") == coded


def test_every_table_is_told() -> None:
    section = PAGE.partition("## The database\n")[2]
    assert {name for name in Base.metadata.tables if f"`{name}`" not in section} == set()
