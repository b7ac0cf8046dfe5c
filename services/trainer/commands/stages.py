"""``calibrate`` and ``export``, and the judging of a run: what follows training."""

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
    start,
)
from services.trainer.run import Run


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
    overrides: Overrides = None,
) -> None:
    """Write a bundle: ONNX with parity check, golden answers, manifest, model card."""
    with explained():
        exported(Run(run), out=out, name=name, version=version, overrides=overrides)


def evaluated(run: Run, *, which: Literal["last", "best"]) -> None:
    """Judge a run and print its headline figures."""
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


def exported(
    run: Run, *, out: Path, name: str, version: str, overrides: list[str] | None = None
) -> None:
    """Write the bundle and print its version."""
    from services.trainer.stages import export_run

    config = overridden(run.config(), overrides)
    start(config)
    bundle = export_run(run, out=out, name=name, version=version, config=config)
    Console().print(f"{bundle.version} in {bundle.directory}")
