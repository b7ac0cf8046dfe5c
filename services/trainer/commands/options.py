"""What the commands share: options, the recipe from preset and overrides, errors in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.common.domain.errors import HferError
from services.trainer.config import TrainConfig, with_overrides
from services.trainer.presets import PRESETS, load_preset

Data = Annotated[
    Path, typer.Option(help="A folder, CSV file or .tar.gz in a layout of docs/training.md.")
]
RunFolder = Annotated[Path, typer.Option("--run", help="The run folder.")]
Preset = Annotated[str, typer.Option(help=f"The recipe: {', '.join(sorted(PRESETS))}.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Settings of the recipe, such as optim.lr=0.03.")
]
Name = Annotated[str, typer.Option(help="The model's name in every result.")]
Version = Annotated[str, typer.Option(help="The model's version.")]


def recipe(preset: str, overrides: list[str] | None) -> TrainConfig:
    """Return a preset with settings from the command line; a wrong one is wrong usage."""
    try:
        config = load_preset(preset)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return overridden(config, overrides)


def overridden(config: TrainConfig, overrides: list[str] | None) -> TrainConfig:
    """Apply settings from the command line; a wrong one is wrong usage."""
    try:
        return with_overrides(config, overrides or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@contextmanager
def explained() -> Iterator[None]:
    """Show our errors as one sentence; anything else is a bug and keeps its traceback."""
    try:
        yield
    except HferError as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.detail}", highlight=False)
        raise typer.Exit(1) from error


def start(config: TrainConfig) -> None:
    """Set TensorFlow up as the recipe says; the import takes seconds."""
    from services.trainer.runtime import start_tensorflow

    start_tensorflow(config.loop)
