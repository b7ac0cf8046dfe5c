"""The command line: ``python -m services.trainer COMMAND``.

``train`` alone goes the whole way; the other commands are its stages, to repeat one of them.
Exit codes: 0 done, 1 refused (the text says what to do), 2 wrong usage, 3 stopped before the
planned end by ``--max-minutes`` or Ctrl-C, to be resumed.
"""

import math
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.common.domain.errors import HferError
from services.trainer.config import TrainConfig, with_overrides
from services.trainer.presets import PRESETS, load_preset
from services.trainer.run import Run

UNFINISHED = 3

app = typer.Typer(
    help="Train an expression model: audit, prepare, train, evaluate, calibrate, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

_Data = Annotated[
    Path, typer.Option(help="A folder of FER2013 or ImageFolder layout, or a .tar.gz of one.")
]
_RunFolder = Annotated[Path, typer.Option("--run", help="The run folder.")]
_Preset = Annotated[str, typer.Option(help=f"The recipe: {', '.join(sorted(PRESETS))}.")]
_Overrides = Annotated[
    list[str] | None, typer.Argument(help="Settings of the recipe, such as optim.lr=0.03.")
]
_Name = Annotated[str, typer.Option(help="The model's name in every result.")]
_Version = Annotated[str, typer.Option(help="The model's version.")]


@app.command()
def audit(*, data: _Data, preset: _Preset = "quick", overrides: _Overrides = None) -> None:
    """Look for blanks, contradictions and copies across splits; nothing is kept."""
    with tempfile.TemporaryDirectory() as scratch:
        prepare(data=data, out=Path(scratch), preset=preset, overrides=overrides)


@app.command()
def prepare(
    *,
    data: _Data,
    out: Annotated[Path, typer.Option(help="Where the arrays and their manifest go.")],
    preset: _Preset = "quick",
    overrides: _Overrides = None,
) -> None:
    """Decode and audit a data set once, into arrays with a manifest of hashes."""
    with _explained():
        _prepare(data, out=out, config=_config(preset, overrides))


@app.command()
def train(
    *,
    data: _Data,
    preset: _Preset = "quick",
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
    name: _Name = "",
    version: _Version = "0.1.0",
    overrides: _Overrides = None,
) -> None:
    """Go the whole way from a data folder to a verified bundle in RUN/bundle."""
    with _explained():
        folder = Run(run or Path("runs") / preset)
        config = _config(preset, overrides)
        _refuse_to_mix(folder, resume=resume)
        if not folder.exists:
            _prepare(data, out=folder.data, config=config)
        _train(folder, config=config, max_minutes=max_minutes)
        if not only:
            _evaluate(folder, which="last")
            _calibrate(folder)
            _export(folder, out=folder.folder / "bundle", name=name or preset, version=version)


@app.command()
def evaluate(
    *,
    run: _RunFolder,
    best: Annotated[
        bool, typer.Option("--best", help="Judge the best epoch instead of the last weights.")
    ] = False,
) -> None:
    """Judge a run on its test split, or on validation where there is no test split."""
    with _explained():
        _evaluate(Run(run), which="best" if best else "last")


@app.command()
def calibrate(*, run: _RunFolder) -> None:
    """Fit the temperature and the threshold for uncertain faces on validation."""
    with _explained():
        _calibrate(Run(run))


@app.command()
def export(
    *,
    run: _RunFolder,
    out: Annotated[Path, typer.Option(help="The bundle's folder; a bundle there is replaced.")],
    name: _Name,
    version: _Version = "0.1.0",
    overrides: _Overrides = None,
) -> None:
    """Write a bundle: ONNX with parity check, golden answers, manifest, model card."""
    with _explained():
        folder = Run(run)
        _export(folder, out=out, name=name, version=version, overrides=overrides)


def _config(preset: str, overrides: list[str] | None) -> TrainConfig:
    try:
        config = load_preset(preset)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return _overridden(config, overrides)


def _overridden(config: TrainConfig, overrides: list[str] | None) -> TrainConfig:
    try:
        return with_overrides(config, overrides or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _start(config: TrainConfig) -> None:
    from services.trainer.runtime import start_tensorflow

    start_tensorflow(threads=config.loop.threads, seed=config.loop.seed)


def _refuse_to_mix(run: Run, *, resume: bool) -> None:
    if run.exists and not resume:
        raise typer.BadParameter(
            f"{run.folder} holds a run; add --resume to go on with it, or choose another --run"
        )
    if resume and not run.exists:
        raise typer.BadParameter(f"{run.folder} holds no run to resume")


def _prepare(data: Path, *, out: Path, config: TrainConfig) -> None:
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


def _train(run: Run, *, config: TrainConfig, max_minutes: float) -> None:
    _start(config)
    from services.trainer.data.dataset import load_prepared
    from services.trainer.loop import Loop, Stop
    from services.trainer.progress import ConsoleReporter
    from services.trainer.state import TrainingState

    console = Console()
    with _Interruption() as interruption, ConsoleReporter(console) as reporter:
        stop = Loop(
            config,
            data=load_prepared(run.data),
            run=run,
            build_state=TrainingState,
            reporter=reporter,
            max_seconds=max_minutes * 60,
            interrupted=interruption.asked,
        ).train()
    if stop is not Stop.FINISHED:
        console.print(f"stopped ({stop}) and saved in {run.folder}; go on with --resume")
        raise typer.Exit(UNFINISHED)


def _evaluate(run: Run, *, which: str) -> None:
    from services.trainer.stages import evaluate_run

    _start(run.config())
    evaluation = evaluate_run(run, which="best" if which == "best" else "last")
    console = Console()
    parts = [(evaluation["split"], evaluation), *evaluation["subsets"].items()]
    for name, part in parts:
        accuracy, recall = part["accuracy"], part["macro_recall"]
        console.print(
            f"{name}: n {part['n']}, accuracy {accuracy['value']:.1%} "
            f"({accuracy['low']:.1%} to {accuracy['high']:.1%}), "
            f"macro recall {recall['value']:.1%}"
        )


def _calibrate(run: Run) -> None:
    from services.trainer.stages import calibrate_run

    found = calibrate_run(run)
    Console().print(
        f"temperature {found.temperature}, uncertain below {found.abstention_threshold:.1%}"
    )


def _export(
    run: Run, *, out: Path, name: str, version: str, overrides: list[str] | None = None
) -> None:
    from services.trainer.stages import export_run

    config = _overridden(run.config(), overrides)
    _start(config)
    bundle = export_run(run, out=out, name=name, version=version, config=config)
    Console().print(f"{bundle.version} in {bundle.directory}")


class _Interruption:
    """Turns the first Ctrl-C or SIGTERM into a question the loop can ask; a second one kills."""

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._remember)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def asked(self) -> bool:
        return self._asked

    def _remember(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked = True
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def _explained() -> Iterator[None]:
    """Show our errors as one sentence; anything else is a bug and keeps its traceback."""
    try:
        yield
    except HferError as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.detail}", highlight=False)
        raise typer.Exit(1) from error
