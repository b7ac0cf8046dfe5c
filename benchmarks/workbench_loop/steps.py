"""The loop's steps, each done once: what it found is kept in the folder, so that a run goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Found = dict[str, Any]


class Steps:
    """What each step found, by name, in ``loop.json``; printed as it comes."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "loop.json"
        self._console = Console(soft_wrap=True)
        self.found: dict[str, Found] = {}
        if self._file.exists():
            self.found = json.loads(self._file.read_text())

    def __call__(self, name: str, step: Callable[[], Found]) -> Found:
        """Take a step, or return what it found before."""
        if name not in self.found:
            self.found[name] = step()
            self._file.write_text(json.dumps(self.found, indent=2))
        self._console.print(f"[bold]{name}[/bold]: {_words(self.found[name])}", highlight=False)
        return self.found[name]

    def show(self) -> None:
        """Print all as one table."""
        table = Table("step", "found")
        for name, found in self.found.items():
            table.add_row(name, _words(found))
        self._console.print(table)


def _words(found: Found) -> str:
    shown = {name: value for name, value in found.items() if not isinstance(value, list)}
    return ", ".join(f"{name} {value}" for name, value in shown.items())
