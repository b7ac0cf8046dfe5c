"""``quantise``: an int8 network into a bundle, with what it costs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.trainer.commands.options import explained


def quantise(
    *,
    bundle: Annotated[Path, typer.Option(help="The bundle's folder; the bundle is replaced.")],
    data: Annotated[
        Path, typer.Option(help="Data: calibrated on its training images, evaluated on others.")
    ],
    int8: Annotated[
        bool, typer.Option(help="With --no-int8 fp32 and bf16 are evaluated and nothing is added.")
    ] = True,
    exact: Annotated[
        int, typer.Option(min=0, help="Convolutions next to the pixels that stay in fp32.")
    ] = 7,
    version: Annotated[
        str | None, typer.Option(help="Of the new bundle [default: the last number + 1].")
    ] = None,
) -> None:
    """Add an int8 network to a bundle and record what each arithmetic costs."""
    from services.trainer.stages.quantise import quantise_bundle

    with explained(), Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        written = quantise_bundle(
            bundle,
            data,
            int8=int8,
            exact=exact,
            version=version,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    table = Table(title=f"{written.version} in {written.directory}")
    for name in ("", "accuracy", "first answers of fp32", "max |dp|", "asked again", "images"):
        table.add_column(name, justify="right" if name else "left")
    for name, cost in written.manifest.metrics["precisions"].items():
        if isinstance(cost, dict) and "refused" not in cost:
            table.add_row(
                name,
                f"{cost['accuracy']:.2%}",
                f"{cost['top1_agreement']:.2%}",
                f"{cost['max_dp']:.3f}",
                f"{cost['tied']:.1%} (lead < {cost['tie']:.3f})",
                f"{cost['n']:,}",
            )
    Console().print(table)
