"""``evaluate`` and ``compare``: models evaluated, the figures as a table or as one JSON object."""

import json
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from services.trainer.commands.evaluation_tables import comparison_table, evaluation_table
from services.trainer.commands.options import explained, start
from services.trainer.commands.stages import evaluated
from services.trainer.training.run import Run

if TYPE_CHECKING:
    from services.trainer.evaluation.bundle import BundleEvaluation

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
# The names of vision.Precision and layouts.Split, which would import OpenCV just for --help.
Part = Annotated[
    Literal["train", "validation", "test"] | None,
    typer.Option(
        help="The split to evaluate, where the data has several; else test, or validation."
    ),
]
Arithmetic = Annotated[
    Literal["fp32", "bf16", "int8"], typer.Option(help="The arithmetic of the network.")
]
HalfOf = Annotated[
    Literal["A", "B"] | None,
    typer.Option(help="Only the files of this half, by the first digit of their SHA-256."),
]
VoteTables = Annotated[
    list[Path] | None,
    typer.Option(
        "--votes", help="What judges said of each image: a table, or a folder of them; repeatable."
    ),
]
AllowSeen = Annotated[
    bool,
    typer.Option("--allow-seen", help="Evaluate images that a bundle was trained on all the same."),
]
DropSeen = Annotated[
    bool,
    typer.Option("--drop-seen", help="Leave out images that a bundle was trained on."),
]


def evaluate(
    *,
    run: Annotated[
        Path | None, typer.Option(help="A run folder: evaluate its last weights.")
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="Of a run: evaluate its best epoch.")
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle: evaluate it as it is served.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="For a bundle: any folder of classes, or an archive.")
    ] = None,
    split: Part = None,
    half: HalfOf = None,
    votes: VoteTables = None,
    allow_seen: AllowSeen = False,
    drop_seen: DropSeen = False,
    precision: Arithmetic = "fp32",
    as_json: AsJson = False,
    html: Annotated[
        Path | None, typer.Option(help="For a bundle: write a page of figures to this file.")
    ] = None,
    examples: Annotated[
        bool, typer.Option(help="Show the worst images on the page; it may not be passed on then.")
    ] = False,
) -> None:
    """Evaluate a run on its own test split, or a bundle on any images (--bundle and --data)."""
    if (run is None) == (bundle is None):
        raise typer.BadParameter("give either --run, or --bundle with --data")
    if (bundle is None) != (data is None):
        raise typer.BadParameter("--bundle and --data belong together")
    if bundle is None and (half or votes):
        raise typer.BadParameter("--half and --votes are for a bundle; a run has its recipe's")
    _refuse_both(allow_seen=allow_seen, drop_seen=drop_seen)
    with explained():
        if bundle is not None and data is not None:
            evaluator = _BundleEvaluator(
                data,
                split=split,
                half=half,
                votes=votes or (),
                allow_seen=allow_seen,
                drop_seen=drop_seen,
                precision=precision,
            )
            result = _figures(evaluator, bundle, html=html, examples=examples)
            _show(result, as_json=as_json, table=evaluation_table)
        elif run is not None:
            _run_evaluated(Run(run), best=best, as_json=as_json)


def compare(
    *,
    bundle: Annotated[list[Path], typer.Option(help="A bundle; give two.")],
    data: Annotated[Path, typer.Option(help="Any folder of classes, or an archive.")],
    split: Part = None,
    half: HalfOf = None,
    votes: VoteTables = None,
    allow_seen: AllowSeen = False,
    drop_seen: DropSeen = False,
    precision: Arithmetic = "fp32",
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Write the figures of both into the second bundle, where a service that is to "
            "activate it in place of the first looks for them.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether two bundles differ on the same images, by paired bootstrap."""
    if len(bundle) != 2:
        raise typer.BadParameter("give --bundle twice")
    _refuse_both(allow_seen=allow_seen, drop_seen=drop_seen)
    from services.trainer.evaluation.compare import compare as compared

    evaluator = _BundleEvaluator(
        data,
        split=split,
        half=half,
        votes=votes or (),
        allow_seen=allow_seen,
        drop_seen=drop_seen,
        beside=bundle,
        precision=precision,
    )
    with explained(), _bar() as bar:
        first, second = (evaluator(each, progress=_Task(bar, each.name)) for each in bundle)
        result = compared(first, second)
        if record:
            from services.trainer.evaluation.recorded import record_comparison

            written = record_comparison(first, second)
            result["notes"].append(
                f"Written into {bundle[1]}, which is {written.version} now: publish it as it is, "
                "or under a new version if it was published before."
            )
    _show(result, as_json=as_json, table=comparison_table)


def _refuse_both(*, allow_seen: bool, drop_seen: bool) -> None:
    if allow_seen and drop_seen:
        raise typer.BadParameter("--allow-seen and --drop-seen exclude each other; give one")


def _figures(
    evaluator: "_BundleEvaluator", bundle: Path, *, html: Path | None, examples: bool
) -> dict[str, Any]:
    with _bar() as bar:
        evaluation = evaluator(bundle, progress=_Task(bar, "evaluating"))
    if html is not None:
        from services.trainer.reports.bundle_page import write_bundle_report

        write_bundle_report(evaluation, html, examples=examples)
    return evaluation.as_json()


@dataclass(frozen=True, slots=True)
class _BundleEvaluator:
    """What any bundle is evaluated on, as the command line says it."""

    data: Path
    _: KW_ONLY
    split: str | None
    allow_seen: bool
    drop_seen: bool
    precision: str
    half: str | None = None
    votes: Sequence[Path] = ()
    beside: Sequence[Path] = ()

    def __call__(self, bundle: Path, *, progress: "_Task") -> "BundleEvaluation":
        from services.trainer.data.halves import Half
        from services.trainer.data.layouts import Split
        from services.trainer.evaluation.bundle import evaluate_bundle
        from services.vision.classifiers.port import Precision

        return evaluate_bundle(
            bundle,
            self.data,
            split=Split(self.split) if self.split else None,
            half=Half(self.half) if self.half else None,
            votes=self.votes,
            allow_seen=self.allow_seen,
            drop_seen=self.drop_seen,
            beside=self.beside,
            precision=Precision(self.precision),
            progress=progress,
        )


def _run_evaluated(run: Run, *, best: bool, as_json: bool) -> None:
    which: Literal["best", "last"] = "best" if best else "last"
    if as_json:
        from services.trainer.reports.run_page import run_figures
        from services.trainer.stages import evaluate_run

        start(run.config())
        evaluate_run(run, which=which)
        print(json.dumps(run_figures(run)))
    else:
        evaluated(run, which=which)
    from services.trainer.reports.run_page import write_report

    write_report(run)


def _show(result: dict[str, Any], *, as_json: bool, table: Any) -> None:
    if as_json:
        print(json.dumps(result))
        return
    console = Console()
    console.print(table(result))
    for note in result["notes"]:
        console.print(f"[yellow]note[/yellow]: {note}", highlight=False)


def _bar() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


class _Task:
    """A line of the bar that an evaluation calls with (done, total)."""

    def __init__(self, bar: Progress, name: str) -> None:
        self._bar = bar
        self._task = bar.add_task(name, total=None)

    def __call__(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)
