"""What ``audit`` and ``prepare`` print: tables, and the imbalance chart in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.bar import Bar
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from services.trainer.data.survey import Finding

_BAR_WIDTH = 40


def show_used(console: Console, manifest: dict[str, Any]) -> None:
    """Print how many images of each class are used, and the audit's counts."""
    table = Table(title=f"{manifest['facts']['name']}: images used")
    table.add_column("split")
    for emotion in manifest["labels"]:
        table.add_column(emotion, justify="right")
    for split, counts in manifest["counts"].items():
        table.add_row(split, *(f"{count:,}" for count in counts.values()))
    console.print(table)
    for finding, count in manifest["audit"].items():
        console.print(f"{finding.replace('_', ' ')}: {count:,}")
    for reason, count in manifest["left_out"].items():
        console.print(f"left out, {reason.replace('_', ' ')}: {count:,}")
    if "without_majority" in manifest:
        console.print(f"without a majority of votes: {manifest['without_majority']:,}")
    _show_cut(console, manifest)


def show_findings(
    console: Console, manifest: dict[str, Any], findings: Sequence["Finding"]
) -> None:
    """Print each finding, what is left out of training for it, and where to look."""
    counts = manifest["audit"]
    table = Table(title=f"{manifest['facts']['name']}: {counts['images']:,} images")
    for name in ("finding", "images", "groups", "largest", "left out of training"):
        table.add_column(name, justify="left" if name in {"finding", "images"} else "right")
    for finding in findings:
        table.add_row(
            finding.kind,
            ", ".join(f"{number:,} {split}" for split, number in finding.images.items()),
            f"{finding.groups:,}",
            f"{finding.largest:,}",
            f"{finding.dropped:,}" if finding.dropped else "",
        )
    console.print(table)
    console.print(
        f"Left out of training in all: {counts['train_dropped']:,} (some have several faults); "
        f"{counts['train_kept']:,} remain. Images of evaluation are never left out."
    )
    _show_cut(console, manifest)
    for finding in findings:
        for group in finding.examples:
            # Unwrapped: a path is to be copied.
            console.print(f"{finding.kind}: {', '.join(group)}", soft_wrap=True, markup=False)


def show_counts(console: Console, manifest: dict[str, Any]) -> None:
    """Print the imbalance chart: a bar for each class of each split."""
    from services.trainer.data.imbalance import imbalance

    for split, counts in manifest["counts"].items():
        found = imbalance(counts)
        ratio = "a class has no image" if found.ratio is None else f"ratio {found.ratio:.1f}"
        if found.effective_ratio is not None:
            ratio += f", of effective numbers {found.effective_ratio:.1f}"
        table = Table(title=f"{split}: {sum(counts.values()):,} images used, {ratio}", box=None)
        table.add_column("class")
        for name in ("images", "effective"):
            table.add_column(name, justify="right")
        table.add_column("")
        most = max(*counts.values(), 1)
        for name, count in counts.items():
            bar = Bar(most, 0, count, width=_BAR_WIDTH)
            table.add_row(name, f"{count:,}", f"{found.effective[name]:,.0f}", bar)
        console.print(table)


def _show_cut(console: Console, manifest: dict[str, Any]) -> None:
    cut = manifest["kept_together"]
    if cut["groups"]:
        console.print(
            f"Near copies kept on one side of the cut: {cut['images']:,} images in "
            f"{cut['groups']:,} groups, the largest of {cut['largest']:,}."
        )
