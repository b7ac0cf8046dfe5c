"""``train``: the whole way from a data folder to a verified bundle."""

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.trainer.commands.data import prepare_into
from services.trainer.commands.interruption import Interruption
from services.trainer.commands.options import (
    Data,
    Name,
    Overrides,
    Preset,
    Version,
    explained,
    recipe,
    refuse_unfit,
    start,
)
from services.trainer.commands.stages import calibrated, evaluated, exported
from services.trainer.config import TrainConfig
from services.trainer.host import installed_gpus
from services.trainer.run import Run

UNFINISHED = 3


def train(
    *,
    data: Data,
    preset: Preset = "quick",
    run: Annotated[
        Path | None, typer.Option(help="The run folder; runs/PRESET if not given.")
    ] = None,
    max_minutes: Annotated[
        float, typer.Option(min=0.01, help="Save and stop before this much training time is over.")
    ] = math.inf,
    resume: Annotated[bool, typer.Option(help="Go on where the run folder stands.")] = False,
    only: Annotated[
        bool, typer.Option("--only", help="Train; leave out the stages after.")
    ] = False,
    name: Name = "",
    version: Version = "0.1.0",
    overrides: Overrides = None,
) -> None:
    """Go the whole way from a data folder to a verified bundle in RUN/bundle."""
    refuse_unfit(name=name or preset, version=version)
    with explained():
        folder = Run(run or Path("runs") / preset)
        config = recipe(preset, overrides)
        _refuse_to_mix(folder, resume=resume)
        if not folder.exists:
            prepare_into(folder.data, data=data, config=config)
        _train(folder, config=config, max_minutes=max_minutes)
        if not only:
            evaluated(folder, which="last")
            calibrated(folder)
            exported(folder, name=name or preset, version=version)


def _refuse_to_mix(run: Run, *, resume: bool) -> None:
    if run.exists and not resume:
        raise typer.BadParameter(
            f"{run.folder} holds a run; add --resume to go on with it, or choose another --run"
        )
    if resume and not run.exists:
        raise typer.BadParameter(
            f"{run.folder} holds no run to resume; leave out --resume to begin one"
        )


def _train(run: Run, *, config: TrainConfig, max_minutes: float) -> None:
    start(config)
    import tensorflow as tf  # started now

    from services.trainer.loop import Loop, Stop
    from services.trainer.progress import ConsoleReporter
    from services.trainer.runtime import check_devices
    from services.trainer.state import TrainingState
    from services.trainer.tensorboard import TensorBoard

    check_devices(
        config.loop,
        installed=len(installed_gpus()),
        seen=len(tf.config.list_logical_devices("GPU")),
    )
    console = Console()
    with Interruption() as interruption, ConsoleReporter(console) as reporter:
        stop = Loop(
            config,
            data=run.prepared(),
            run=run,
            build_state=TrainingState,
            reporter=reporter,
            scalars=TensorBoard(run.folder / "tensorboard"),
            max_seconds=max_minutes * 60,
            interrupted=interruption.asked,
        ).train()
    if stop is not Stop.FINISHED:
        console.print(f"stopped ({stop}) and saved in {run.folder}; go on with --resume")
        raise typer.Exit(UNFINISHED)
