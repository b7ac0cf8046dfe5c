"""What the commands share: options, the recipe from preset and overrides, errors in a sentence."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from services.common.domain.bundles import MODEL_NAME_PATTERN, MODEL_VERSION_PATTERN
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
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        raise typer.BadParameter("; ".join(faults)) from error
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def refuse_unfit(*, name: str, version: str) -> None:
    """Refuse what a bundle may not be called before hours of training, not after."""
    if not re.match(MODEL_NAME_PATTERN, name):
        raise typer.BadParameter(
            f"--name {name!r}: small letters, digits and dashes only, at most 50"
        )
    if not re.match(MODEL_VERSION_PATTERN, version):
        raise typer.BadParameter(f"--version {version!r}: three numbers, such as 0.1.0")


@contextmanager
def explained() -> Iterator[None]:
    """Show our errors, and what the system refuses, as one sentence.

    Anything else is a bug and keeps its traceback.
    """
    try:
        yield
    except HferError as error:
        raise _exit(error.code, error.detail) from error
    except OSError as error:
        if error.errno is None:  # raised by a program, not by the system
            raise
        where = f"{error.filename}: " if error.filename else ""
        reason = os.strerror(error.errno)
        raise _exit(
            "file-system", f"{where}{reason}; check the path, its rights and the space left."
        ) from error


def _exit(code: str, text: str) -> typer.Exit:
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"[red]{code}[/red]: {escape(text)}", highlight=False)
    return typer.Exit(1)


def start(config: TrainConfig) -> None:
    """Set TensorFlow up as the recipe says; the import takes seconds."""
    from services.trainer.training.runtime import start_tensorflow

    start_tensorflow(config.loop)
