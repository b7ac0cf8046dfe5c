"""``generate``: a data set drawn, to try the trainer on."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

# Below that a split lacks a class, or hfer v0's split has no batch to validate on.
_FEWEST = 210


def generate(
    *,
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    # The names of GeneratedLayout, which would import OpenCV just for --help.
    layout: Annotated[
        Literal["folders", "rafdb", "rafdb-kaggle"],
        typer.Option(help="Class folders, RAF-DB's official form, or Kaggle's of it."),
    ] = "folders",
    count: Annotated[int, typer.Option(min=_FEWEST, help="Images in all.")] = 1_400,
    size: Annotated[int, typer.Option(min=16, max=512, help="Side of each, in pixels.")] = 100,
    gray: Annotated[bool, typer.Option("--gray", help="Gray images; else RGB.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other faces.")] = 0,
) -> None:
    """Draw a data set of simple faces, to try the trainer on: no one's, free to pass on."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise typer.BadParameter(f"{out} is not an empty folder; choose another --out")
    draw_into(out, layout=layout, count=count, size=size, channels=1 if gray else 3, seed=seed)
    Console().print(f"{count:,} faces in {out}", highlight=False)


def draw_into(
    out: Path, *, layout: str, count: int, size: int, channels: Literal[1, 3], seed: int = 0
) -> None:
    """Draw a data set with a progress bar; arguments as of ``write_faces``."""
    from services.trainer.data.generated.write import GeneratedLayout, write_faces

    with Progress(console=Console(), transient=True) as bar:
        task = bar.add_task("drawing", total=count)
        write_faces(
            out,
            layout=GeneratedLayout(layout),
            count=count,
            size=size,
            channels=channels,
            seed=seed,
            progress=lambda done, _: bar.update(task, completed=done),
        )
