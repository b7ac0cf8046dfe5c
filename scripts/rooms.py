"""Rooms of a checkout: ``python -m scripts.rooms [--root DIR]``, without running any of it.

A room is a folder of ``services``. Told of each: the files and folders that lie directly in it,
the arrows between them (one imports the other, or something within it does), and the pairs that
point at each other. Of the whole: circles of modules that import each other, and long files.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import grimp

REPOSITORY = Path(__file__).resolve().parents[1]
LONG = 300
Imports = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A folder; ``arrows`` and ``both_ways`` are numbers of pairs of its ``entries``."""

    name: str
    entries: int
    arrows: int
    both_ways: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The rooms, sorted by name; circles as lists of modules; long files with their lines."""

    rooms: list[Room]
    circles: list[list[str]]
    long_files: dict[str, int]


def imports_of(root: Path) -> dict[str, set[str]]:
    """Return which modules of ``services`` each module imports, at any depth of its code.

    Another checkout than this one only where nothing of ``services`` is imported yet: grimp asks
    Python where the package lies.
    """
    sys.path.insert(0, str(root))
    try:
        graph = grimp.build_graph("services", cache_dir=None)
    finally:
        sys.path.remove(str(root))
    return {
        module: graph.find_modules_directly_imported_by(module) for module in sorted(graph.modules)
    }


def rooms(imports: Imports) -> list[Room]:
    """Return every folder with at least two things in it."""
    entries: dict[str, set[str]] = defaultdict(set)
    arrows: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for module, targets in imports.items():
        room, _, name = module.rpartition(".")
        entries[room].add(name)
        for target in targets:
            if parting := _parting(module, target):
                arrows[parting[0]].add(parting[1:])
    return [
        Room(
            name=room,
            entries=len(entries[room]),
            arrows=len(arrows[room]),
            both_ways=[
                f"{a} {b}" for a, b in sorted(arrows[room]) if a < b and (b, a) in arrows[room]
            ],
        )
        for room in sorted(entries)
        if len(entries[room]) > 1
    ]


def circles(imports: Imports) -> list[list[str]]:
    """Return the sets of modules each of which imports, over others, each other (Tarjan, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for target in sorted(imports.get(module, ())):
            if target not in order:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], order[target])
        if low[module] == order[module]:
            at = stack.index(module)
            circle = sorted(stack[at:])
            del stack[at:]
            if len(circle) > 1:
                found.append(circle)

    for module in sorted(imports):
        if module not in order:
            visit(module)
    return sorted(found)


def long_files(root: Path, *folders: str) -> dict[str, int]:
    """Return the Python files below ``folders`` with more than 300 lines, and how many."""
    return {
        str(path.relative_to(root)): lines
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
        if (lines := len(path.read_text().splitlines())) > LONG
    }


def _parting(module: str, target: str) -> tuple[str, str, str] | None:
    """Return the deepest folder that holds both, and the two things in it that hold one each."""
    one, other = module.split("."), target.split(".")
    depth = 0
    while depth < min(len(one), len(other)) and one[depth] == other[depth]:
        depth += 1
    if depth == min(len(one), len(other)):
        return None  # a package and what lies in it
    return ".".join(one[:depth]), one[depth], other[depth]


def show(report: Report) -> str:
    """Return a table of the rooms, their sum, circles and long files."""
    lines = ["entries  arrows  room"]
    for room in report.rooms:
        both_ways = f"   both ways: {', '.join(room.both_ways)}" if room.both_ways else ""
        lines.append(f"{room.entries:7}  {room.arrows:6}  {room.name}{both_ways}")
    lines.append(f"         {sum(room.arrows for room in report.rooms):6}  all rooms")
    lines += [f"circle: {' '.join(circle)}" for circle in report.circles] or ["no circle"]
    lines += [f"over {LONG} lines: {name} {count}" for name, count in report.long_files.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report of a checkout."""
    parser = argparse.ArgumentParser(prog="python -m scripts.rooms", description=__doc__)
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the checkout to look at")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    imports = imports_of(root)
    report = Report(
        rooms=rooms(imports),
        circles=circles(imports),
        long_files=long_files(root, "services", "client/src", "infra"),
    )
    print(json.dumps(asdict(report), indent=1) if options.json else show(report))


if __name__ == "__main__":
    main()
