"""``audit`` and ``prepare``: a data set looked at, and decoded once."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from services.trainer.commands.audit_view import show_counts, show_findings, show_used
from services.trainer.commands.options import Data, Overrides, Preset, explained, recipe
from services.trainer.config import TrainConfig

if TYPE_CHECKING:
    from services.trainer.data.survey import Finding


def audit(
    *,
    data: Data,
    preset: Preset = "quick",
    examples: Annotated[
        int, typer.Option(min=0, help="Paths to show of each finding, in groups of copies.")
    ] = 3,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with charts to this file; no images on it.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Look for blanks, contradictions, copies and imbalance; nothing is kept or changed."""
    config = _to_look_at(recipe(preset, overrides))
    with explained(), tempfile.TemporaryDirectory() as scratch:
        manifest = _prepared(Path(scratch), data=data, config=config)
        found = _surveyed(Path(scratch), manifest, config=config, examples=examples)
        if html is not None:
            from services.trainer.reports.audit_page import write_audit_page

            write_audit_page(html, manifest=manifest, findings=found)
    if as_json:
        print(json.dumps(_as_json(manifest, found)))
        return
    console = Console()
    show_findings(console, manifest, found)
    show_counts(console, manifest)


def prepare(
    *,
    data: Data,
    out: Annotated[Path, typer.Option(help="Where the arrays and their manifest go.")],
    preset: Preset = "quick",
    overrides: Overrides = None,
) -> None:
    """Decode and audit a data set once, into arrays with a manifest of hashes."""
    with explained():
        prepare_into(out, data=data, config=recipe(preset, overrides))


def prepare_into(out: Path, *, data: Path, config: TrainConfig) -> dict[str, Any]:
    """Prepare with a progress bar, print what was found and return the manifest."""
    manifest = _prepared(out, data=data, config=config)
    show_used(Console(), manifest)
    return manifest


def _prepared(out: Path, *, data: Path, config: TrainConfig) -> dict[str, Any]:
    from services.trainer.data.prepare import prepare as make
    from services.trainer.data.seen import seen_by_earlier

    seen = seen_by_earlier(config) if config.data.split_rule == "unseen" else None
    with _bar() as bar:
        return make(
            data,
            out=out,
            config=config.data,
            needs_votes=config.loss.own_label_weight > 0,
            seen=seen,
            progress=_Bars(bar),
        )


def _to_look_at(config: TrainConfig) -> TrainConfig:
    """Return a recipe of which nothing is trained: no faces looked for, no votes asked for."""
    framing = {"served_share": 0.0, "crop_margin": 0.0, "centre_dx": 0.0, "centre_dy": 0.0}
    parts = {
        "data": config.data.model_copy(update=framing),
        "loss": config.loss.model_copy(update={"own_label_weight": 0.0}),
    }
    return config.model_copy(update=parts)


def _surveyed(
    folder: Path, manifest: dict[str, Any], *, config: TrainConfig, examples: int
) -> list["Finding"]:
    import numpy as np

    from services.trainer.data.prepare import IMAGES_NAME
    from services.trainer.data.survey import survey

    with _bar() as bar:
        return survey(
            np.load(folder / IMAGES_NAME, allow_pickle=False),
            rows=manifest["images"],
            threshold=config.data.near_duplicate,
            examples=examples,
            progress=_Bars(bar),
        )


def _as_json(manifest: dict[str, Any], found: list["Finding"]) -> dict[str, Any]:
    from services.trainer.data.imbalance import imbalance

    keys = (
        "source_sha256",
        "splits_sha256",
        "labels",
        "audit",
        "kept_together",
        "counts",
        "left_out",
    )
    return {
        "data": manifest["facts"]["name"],
        "near_duplicate": manifest["config"]["near_duplicate"],
        **{key: manifest[key] for key in keys},
        "imbalance": {
            split: imbalance(counts).as_json() for split, counts in manifest["counts"].items()
        },
        "findings": [finding.as_json() for finding in found],
    }


def _bar() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


class _Bars:
    """One line of the bar for each thing that is done."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=done)
