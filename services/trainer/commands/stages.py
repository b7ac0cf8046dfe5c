"""``calibrate`` and ``export``, and the evaluation of a run: what follows training."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from services.trainer.commands.options import (
    Name,
    Overrides,
    RunFolder,
    Version,
    explained,
    overridden,
    refuse_unfit,
    start,
)
from services.trainer.training.run import Run


def calibrate(*, run: RunFolder) -> None:
    """Fit the temperature and the threshold for uncertain faces on validation."""
    with explained():
        calibrated(Run(run))


def export(
    *,
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="The bundle's folder; a bundle there is replaced.")],
    name: Name,
    version: Version = "0.1.0",
    keras: Annotated[
        bool, typer.Option("--keras", help="Put model.keras, to train on from, into the bundle.")
    ] = False,
    savedmodel: Annotated[
        Path | None, typer.Option(help="Write a TensorFlow SavedModel to this folder as well.")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Write a bundle: ONNX with parity check, golden answers, manifest, model card."""
    refuse_unfit(name=name, version=version)
    with explained():
        folder = Run(run)
        config = overridden(folder.config(), overrides)
        start(config)
        from services.trainer.stages import export_run

        bundle = export_run(
            folder,
            out=out,
            name=name,
            version=version,
            config=config,
            keras=keras,
            saved_model=savedmodel,
        )
        Console().print(f"{bundle.version} in {bundle.directory}")


def evaluated(run: Run, *, which: Literal["last", "best"]) -> None:
    """Evaluate a run and print its headline figures."""
    from services.trainer.stages import evaluate_run

    start(run.config())
    evaluation = evaluate_run(run, which=which)
    console = Console()
    parts = [(evaluation["split"], evaluation), *evaluation["subsets"].items()]
    for name, part in parts:
        accuracy, recall = part["accuracy"], part["macro_recall"]
        console.print(
            f"{name}: n {part['n']}, accuracy {accuracy['value']:.1%} "
            f"({accuracy['low']:.1%} to {accuracy['high']:.1%}), "
            f"macro recall {recall['value']:.1%}"
        )


def calibrated(run: Run) -> None:
    """Fit and print."""
    from services.trainer.stages import calibrate_run

    found = calibrate_run(run)
    Console().print(
        f"temperature {found.temperature}, uncertain below {found.abstention_threshold:.1%}"
    )


def exported(run: Run, *, name: str, version: str) -> None:
    """Write the page and the bundle of a run that was trained just now, and say where they are."""
    from services.trainer.reports.run_page import write_report
    from services.trainer.stages import export_run

    console = Console(soft_wrap=True)
    page = write_report(run)
    console.print(f"report in {page} (it shows images of the data: not to be passed on)")
    bundle = export_run(run, out=run.folder / "bundle", name=name, version=version)
    console.print(f"{bundle.version} in {bundle.directory}")
