"""``finetune``: from a few hundred faces of one's own to a bundle that goes on from another."""

import itertools
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from services.trainer.commands.data import prepare_into
from services.trainer.commands.evaluation_tables import comparison_table
from services.trainer.commands.options import (
    Data,
    Overrides,
    explained,
    overridden,
    refuse_unfit,
)
from services.trainer.commands.publishing import service_settings
from services.trainer.commands.stages import calibrated, evaluated, exported
from services.trainer.commands.training import train_run
from services.trainer.errors import RunError
from services.trainer.evaluation.verdict import beside_parent, near_chance, untrained
from services.trainer.presets import finetune as preset
from services.trainer.training.run import Run

if TYPE_CHECKING:
    from services.vision.bundle import Bundle

# The shipped model's: two models of one name are told apart by a version that nobody looks at.
_TAKEN = "starter"
_NO_NAME = re.compile(r"[^a-z0-9]+")


def finetune(
    *,
    data: Data,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="The bundle to go on from; by default the active one of the service that the "
            "HFER_* settings name, or models/starter."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="The new model's name; by default that of the data.")
    ] = "",
    version: Annotated[
        str, typer.Option(help="Its version; by default the next under that name.")
    ] = "",
    run: Annotated[
        Path | None, typer.Option(help="The run folder; runs/NAME, or a new one beside it.")
    ] = None,
    max_minutes: Annotated[
        float, typer.Option(min=0.01, help="Save and stop before this much training time is over.")
    ] = math.inf,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the last run of that name.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Go on from a finished model with 200 to 5,000 faces, in minutes on a laptop.

    Images that it was trained on, and their copies, are trained on again and never tested on. The
    result is compared with that model on the same test images.
    """
    name = name or _named_after(data)
    refuse_unfit(name=name, version=version or "0.1.0")
    if name == _TAKEN:
        raise typer.BadParameter("starter is the shipped model's name; give another --name")
    with explained():
        number, folder = _folder(name, run, resume=resume)
        if resume:
            config = overridden(folder.config(), overrides)
            parent = _loaded(Path(config.model.weights))
        else:
            parent = _parent(bundle, cache=folder.folder / "parent")
            config = preset.build(parent.manifest, weights=str(parent.directory))
            config = overridden(config, overrides)
        _say(f"goes on from {parent.version} ({parent.directory})")
        if not resume:
            _say_seen(prepare_into(folder.data, data=data, config=config), parent)
        train_run(folder, config=config, max_minutes=max_minutes)
        evaluated(folder, which="last")
        calibrated(folder)
        from services.trainer.stages import judge_parent

        comparison = judge_parent(folder)
        exported(folder, name=name, version=version or _next_version(parent, name, number))
        _say_result(folder, comparison)
        _say_next(_Made(folder, parent, data))


def _named_after(data: Path) -> str:
    """Return the data's name as a model may be called; empty if there is nothing of it."""
    stem = data.resolve().name.partition(".")[0].lower()
    return _NO_NAME.sub("-", stem).strip("-")[:50].rstrip("-")


def _folder(name: str, run: Path | None, *, resume: bool) -> tuple[int, Run]:
    """Return a run folder and its number among those of the name, from 1."""
    if run is not None:
        if Run(run).exists is not resume:
            raise RunError(
                f"{run} holds {'no run to resume' if resume else 'a run'}; "
                f"{'leave out' if resume else 'add'} --resume, or choose another --run."
            )
        return 1, Run(run)
    known = list(itertools.takewhile(lambda pair: pair[1].exists, _runs(name)))
    if resume and not known:
        raise RunError(f"There is no run {_folder_name(name, 1)} to resume; leave out --resume.")
    return known[-1] if resume else next(itertools.islice(_runs(name), len(known), None))


def _runs(name: str) -> Iterator[tuple[int, Run]]:
    return ((number, Run(_folder_name(name, number))) for number in itertools.count(1))


def _folder_name(name: str, number: int) -> Path:
    return Path("runs") / (name if number == 1 else f"{name}-{number}")


def _next_version(parent: "Bundle", name: str, number: int) -> str:
    """Return 0.N.0: the service keeps one bundle under a version."""
    minor = 0
    if parent.manifest.name == name:
        major, minor, _ = map(int, parent.manifest.version.split("."))
        return f"{major}.{max(minor + 1, number)}.0"
    return f"0.{number}.0"


def _parent(bundle: Path | None, *, cache: Path) -> "Bundle":
    named = {"HFER_DATABASE__URL", "HFER_DATABASE__URL_FILE"} & os.environ.keys()
    if bundle is None and named:
        from sqlalchemy.exc import OperationalError

        from services.common.domain.errors import TransientError
        from services.trainer.export.active import fetch_active

        try:
            bundle = fetch_active(service_settings(), cache=cache)
        except OperationalError as error:
            raise TransientError(
                "HFER_DATABASE__URL names a service whose database is not reachable, so its active "
                f"model is not known; start it, or name a bundle: --bundle {preset.STARTER}"
            ) from error
    return _loaded(bundle or Path(preset.STARTER))


def _loaded(folder: Path) -> "Bundle":
    from services.vision.bundle import load_bundle

    return load_bundle(folder)


def _say_seen(manifest: dict[str, Any], parent: "Bundle") -> None:
    from services.trainer.data.seen import seen_by

    total, before = len(manifest["images"]), manifest["trained_before"]
    known = seen_by(parent)
    if before:
        _say(
            f"{before:,} of the {total:,} images, copies included, were in the training of "
            f"{parent.version}: they are trained on, none is tested on"
        )
    if known is None or not known.complete:
        _warn(
            f"{parent.version} does not say all that it was trained on: if some of these images "
            "were among it, the figures flatter both."
        )
    without = sum(not row["found"] for row in manifest["images"])
    if without:
        _say(f"in {without:,} images no face was found: they are taken whole")


def _say_result(run: Run, comparison: dict[str, Any]) -> None:
    from services.trainer.training.stage_outputs import EVALUATION, read_json  # OpenCV

    evaluation = read_json(run.report / EVALUATION)
    Console().print(comparison_table(comparison | {"b": "the new one"}))
    if comparison["calibrated_on"]:
        _say(
            f"{comparison['calibrated_on']:,} of the {comparison['n']:,} test images served to "
            f"calibrate {comparison['a']}, which hardly flatters it"
        )
    for sentence in (
        near_chance(evaluation),
        untrained(run.prepared().manifest["counts"]["train"]),
    ):
        if sentence:
            _warn(sentence)
    worse = comparison["measures"]["accuracy"]["high"] < 0
    (_warn if worse else _say)(beside_parent(comparison))


@dataclass(frozen=True, slots=True)
class _Made:
    run: Run
    parent: "Bundle"
    data: Path


def _say_next(made: _Made) -> None:
    bundle = made.run.folder / "bundle"
    compare = f"compare --bundle {made.parent.directory} --bundle {bundle} --data FOLDER"
    for what, command in (
        ("try it", f"HFER_WORKER__BUNDLE_DIR={bundle} make run"),
        ("publish it", f"hfer models publish {bundle}"),
        ("compare on other faces", f"python -m services.trainer {compare} --drop-seen"),
        ("add faces and repeat", f"make finetune DATA={made.data}"),
    ):
        _say(f"{what}:  {command}")


def _say(text: str) -> None:
    Console(soft_wrap=True).print(escape(text), highlight=False)


def _warn(text: str) -> None:
    Console(soft_wrap=True).print(f"[yellow]warning[/yellow]: {escape(text)}", highlight=False)
