"""``audit`` and ``prepare``: a data set looked at, and decoded once."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.trainer.commands.options import Data, Overrides, Preset, explained, recipe
from services.trainer.config import TrainConfig


def audit(*, data: Data, preset: Preset = "quick", overrides: Overrides = None) -> None:
    """Look for blanks, contradictions and copies across splits; nothing is kept."""
    with tempfile.TemporaryDirectory() as scratch:
        prepare(data=data, out=Path(scratch), preset=preset, overrides=overrides)


def prepare(
    *,
    data: Data,
    out: Annotated[Path, typer.Option(help="Where the arrays and their manifest go.")],
    preset: Preset = "quick",
    overrides: Overrides = None,
) -> None:
    """Decode and audit a data set once, into arrays with a manifest of hashes."""
    with explained():
        prepare_into(out, data=data, config=recipe(preset, overrides))


def prepare_into(out: Path, *, data: Path, config: TrainConfig) -> None:
    """Prepare with a progress bar and print what was found."""
    from services.trainer.data.prepare import prepare as make

    console = Console()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("decoding", total=None)
        manifest = make(
            data,
            out=out,
            config=config.data,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    table = Table(title=f"{manifest['facts']['name']}: images used")
    table.add_column("split")
    for emotion in manifest["labels"]:
        table.add_column(emotion, justify="right")
    for split, counts in manifest["counts"].items():
        table.add_row(split, *(f"{count:,}" for count in counts.values()))
    console.print(table)
    for finding, count in manifest["audit"].items():
        console.print(f"{finding.replace('_', ' ')}: {count:,}")
