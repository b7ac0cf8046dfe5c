"""``train``: the whole way from a data folder to a verified bundle."""

import itertools
import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.trainer.commands.advice import (
    explain_missing_data,
    warn_if_few,
    warn_if_slow,
)
from services.trainer.commands.data import prepare_into
from services.trainer.commands.generate import draw_into
from services.trainer.commands.interruption import Interruption
from services.trainer.commands.options import (
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
from services.trainer.evaluation.verdict import near_chance
from services.trainer.networks.weights_cache import converted_faceres
from services.trainer.presets.needs import NEEDS
from services.trainer.training.host import installed_gpus
from services.trainer.training.run import Run

WRONG_USAGE, UNFINISHED = 2, 3
# Of a preset that draws its own faces; "smoke" shows what it learns from so many.
_FACES, _FACES_SIDE = 1_400, 64


def train(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder, CSV file or .tar.gz in a layout of docs/training.md; only smoke draws "
            "its own."
        ),
    ] = None,
    preset: Preset = "quick",
    run: Annotated[
        Path | None, typer.Option(help="The run folder; runs/PRESET if not given.")
    ] = None,
    max_minutes: Annotated[
        float, typer.Option(min=0.01, help="Save and stop before this much training time is over.")
    ] = math.inf,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run of the folder.")
    ] = False,
    either: Annotated[
        bool, typer.Option("--continue", help="The same, or begin if there is no run yet.")
    ] = False,
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
        config = recipe(preset, overrides)
        folder = Run(run or _usual_folder(preset, resume=resume or either))
        if not either:
            _refuse_to_mix(folder, resume=resume)
        if not folder.exists:
            _prepare(folder, data=data, preset=preset, config=config)
        train_run(folder, config=config, max_minutes=max_minutes)
        if not only:
            evaluated(folder, which="last")
            calibrated(folder)
            exported(folder, name=name or preset, version=version)
            if NEEDS[preset].data is not None:
                _say_what_came_of_it(folder, data)


def _usual_folder(preset: str, *, resume: bool) -> Path:
    """Return runs/PRESET, or a new one beside it where a run on drawn faces is repeated."""
    usual = Path("runs") / preset
    if resume or NEEDS[preset].data is not None:
        return usual
    beside = (usual.with_name(f"{preset}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([usual], beside) if not Run(path).exists)


def _prepare(run: Run, *, data: Path | None, preset: str, config: TrainConfig) -> None:
    console = Console(stderr=True)
    if config.model.weights == "faceres":
        converted_faceres(config.model.backbone)  # told before a quarter of an hour of preparation
    if data is None:
        if NEEDS[preset].data is not None:
            explain_missing_data(preset, console)
            raise typer.Exit(WRONG_USAGE)
        data = run.folder / "faces"
        draw_into(data, layout="folders", count=_FACES, size=_FACES_SIDE, channels=3)
    manifest = prepare_into(run.data, data=data, config=config)
    images = sum(manifest["counts"]["train"].values())
    warn_if_slow(preset, config, console, images=images)
    if NEEDS[preset].data is not None:
        warn_if_few(config, console, images=images, data=data)


def _refuse_to_mix(run: Run, *, resume: bool) -> None:
    if run.exists and not resume:
        raise typer.BadParameter(
            f"{run.folder} holds a run; add --resume to go on with it, or choose another --run"
        )
    if resume and not run.exists:
        raise typer.BadParameter(
            f"{run.folder} holds no run to resume; leave out --resume to begin one"
        )


def _say_what_came_of_it(run: Run, data: Path | None) -> None:
    from services.trainer.training.stage_outputs import EVALUATION, read_json  # OpenCV

    warn_if_few(
        run.config(),
        Console(stderr=True),
        images=len(run.prepared().train),
        data=data or Path("FOLDER"),
        found=near_chance(read_json(run.report / EVALUATION)),
    )


def train_run(run: Run, *, config: TrainConfig, max_minutes: float) -> None:
    """Train to the end, or leave the program with ``UNFINISHED`` once a checkpoint is saved."""
    start(config)
    import tensorflow as tf  # started now

    from services.trainer.training.loop import Loop, Stop
    from services.trainer.training.progress import ConsoleReporter
    from services.trainer.training.runtime import check_devices
    from services.trainer.training.state import TrainingState
    from services.trainer.training.tensorboard import TensorBoard

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
        console.print(f"stopped ({stop}) and saved in {run.folder}; continue with --resume")
        raise typer.Exit(UNFINISHED)
