"""``sweep``: settings compared by a budgeted search."""

import math
import shlex
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from services.trainer.commands.data import prepare_into
from services.trainer.commands.interruption import Interruption
from services.trainer.commands.options import Data, Preset, explained, overridden, recipe
from services.trainer.commands.training import UNFINISHED
from services.trainer.config import TrainConfig
from services.trainer.sweep.axes import (
    Axis,
    Candidate,
    candidates,
    named,
    parse_settings,
    settings_of,
)
from services.trainer.sweep.halving import default_rungs, parse_rungs
from services.trainer.sweep.plan import Measure, SweepPlan, Trial

if TYPE_CHECKING:
    from services.trainer.sweep.store import SweepStore

Settings = Annotated[
    list[str] | None,
    typer.Argument(
        help="Settings of the recipe, alternatives parted by colons: optim.lr=0.02:0.05 "
        "model.head.units=:512,256 loop.batch_size=32"
    ),
]


def sweep(
    *,
    data: Data,
    preset: Preset = "quick",
    run: Annotated[
        Path | None, typer.Option(help="The sweep's folder; runs/sweep-PRESET if not given.")
    ] = None,
    rungs: Annotated[
        str, typer.Option(help="Epochs after which the best continue; 2,6 and the recipe's epochs.")
    ] = "",
    keep: Annotated[
        float, typer.Option(min=0.01, max=1, help="Share that continues, rounded up.")
    ] = 0.33,
    by: Annotated[Measure, typer.Option(help="What ranks candidates.")] = Measure.MACRO_F1,
    seeds: Annotated[int, typer.Option(min=1, help="Runs per candidate, from loop.seed on.")] = 1,
    sample: Annotated[
        int | None, typer.Option("--candidates", min=1, help="Draw so many from the grid.")
    ] = None,
    max_minutes: Annotated[
        float, typer.Option(min=0.01, help="Save and stop when this session took so long.")
    ] = math.inf,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try what failed on the last rung again.")
    ] = False,
    settings: Settings = None,
) -> None:
    """Compare settings: all candidates briefly, the best of them on to whole runs.

    The same command continues where a sweep stopped.
    """
    deadline = time.monotonic() + max_minutes * 60
    with explained():
        request = _request(
            SweepPlan(
                preset=preset,
                data=str(data.resolve()),
                settings=tuple(settings or ()),
                rungs=_rungs(rungs, recipe(preset, None)),
                keep=keep,
                by=by,
                seeds=seeds,
                sample=sample,
            )
        )
        folder = run or Path("runs") / f"sweep-{preset}"
        store = _opened(folder, request, retry=retry)
        _share_data(folder, request, data=data)
        before = store.outcomes
        stopped = _search(request, store, deadline=deadline)
        if stopped is not None:
            if store.outcomes != before:
                _show(request, store, title="so far")
            Console().print(
                f"stopped ({stopped}) and saved in {folder}; the same command continues",
                highlight=False,
            )
            raise typer.Exit(UNFINISHED)
        if store.outcomes == before:  # else the last rung's table was just shown
            _show(request, store, title="the sweep")
        _conclude(request, store)


@dataclass(frozen=True, slots=True)
class _SweepRequest:
    """The plan, and what it spans."""

    plan: SweepPlan
    axes: list[Axis]
    candidates: tuple[Candidate, ...]
    fixed: list[str]

    def seeds(self, candidate: Candidate) -> range:
        first = candidate.config.loop.seed
        return range(first, first + self.plan.seeds)


def _rungs(text: str, config: TrainConfig) -> tuple[int, ...]:
    try:
        return parse_rungs(text) if text else default_rungs(config.loop.epochs)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _request(plan: SweepPlan) -> _SweepRequest:
    try:
        fixed, axes = parse_settings(plan.settings)
        fixed = [*fixed, f"loop.epochs={plan.rungs[-1]}"]
        base = overridden(recipe(plan.preset, None), fixed)
        found = candidates(base, axes, sample=plan.sample)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if plan.seeds > 1 and any(axis.path == "loop.seed" for axis in axes):
        raise typer.BadParameter("loop.seed has alternatives and --seeds is given; choose one")
    return _SweepRequest(plan, axes, found, fixed)


def _opened(folder: Path, request: _SweepRequest, *, retry: bool) -> "SweepStore":
    from services.trainer.sweep.store import SweepStore

    if (folder / "run.json").exists():
        raise typer.BadParameter(f"{folder} holds a run; choose another --run")
    store = SweepStore(folder, plan=request.plan, candidates=request.candidates)
    if retry:
        store.forget_failures()
    store.begin()
    return store


def _share_data(folder: Path, request: _SweepRequest, *, data: Path) -> None:
    from services.trainer.sweep.search import trial_folder
    from services.trainer.sweep.shared_data import share_data

    def prepare(out: Path, config: TrainConfig) -> None:
        prepare_into(out, data=data, config=config)

    for one in request.candidates:
        for seed in request.seeds(one):
            share_data(
                folder,
                config=one.config,
                run=trial_folder(folder, one.key, seed=seed),
                prepare=partial(prepare, config=one.config),
            )


def _search(request: _SweepRequest, store: "SweepStore", *, deadline: float) -> str | None:
    from services.trainer.sweep.process import run_in_process
    from services.trainer.sweep.progress import SweepProgress
    from services.trainer.sweep.search import Search

    console = Console()

    def name(trial: Trial) -> str:
        seed = f" seed {trial.seed}" if request.plan.seeds > 1 else ""
        return named(request.axes, trial.candidate) + seed

    def show(rung: int) -> None:
        _show(request, store, title=f"rung {rung + 1} of {len(request.plan.rungs)}")

    progress = SweepProgress(console, rungs=request.plan.rungs, name=name, on_rung=show)
    with Interruption() as interruption, progress:
        return Search(
            request.plan,
            request.candidates,
            store=store,
            run_trial=partial(run_in_process, reporter=progress, interrupted=interruption.asked),
            reporter=progress,
            max_seconds=deadline - time.monotonic(),
            interrupted=interruption.asked,
        ).run()


def _show(request: _SweepRequest, store: "SweepStore", *, title: str) -> None:
    """Write table and plot anew, and print the table."""
    from services.trainer.sweep.tables import rich_table
    from services.trainer.sweep.tables_out import write_tables

    standings = write_tables(
        store.folder,
        plan=request.plan,
        axes=request.axes,
        candidates=request.candidates,
        outcomes=store.outcomes,
    )
    console = Console()
    console.print(rich_table(standings, request.axes, title=f"{title}, by {request.plan.by}"))
    for one in standings:
        if one.detail:
            console.print(f"{named(request.axes, one.candidate)}: {one.detail}", highlight=False)


def _conclude(request: _SweepRequest, store: "SweepStore") -> None:
    """Say who won, and the command that makes a bundle of it: nothing is left to train."""
    from services.trainer.sweep.search import trial_folder
    from services.trainer.sweep.standings import furthest

    best = furthest(request.plan, request.candidates, store.outcomes)[0].candidate
    seed = best.config.loop.seed
    settings = [*request.fixed, *settings_of(request.axes, best)]
    command = [
        *("python", "-m", "services.trainer", "train", "--resume"),
        *("--preset", request.plan.preset, "--data", request.plan.data),
        *("--run", str(trial_folder(store.folder, best.key, seed=seed))),
        *settings,
    ]
    console = Console(soft_wrap=True)
    console.print(f"best: {named(request.axes, best)}", highlight=False)
    console.print(f"its bundle: {shlex.join(command)}", highlight=False)
    console.print(f"table and plot: {store.folder}/sweep.md, .csv, .svg", highlight=False)
