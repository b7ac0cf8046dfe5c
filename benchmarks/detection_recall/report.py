"""The rows as a table for a terminal and as a plot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.detection_recall.measure import Report


def as_tables(report: Report) -> Iterator[Table]:
    """Yield a table per group: a line per row, the detectors side by side."""
    for group, rows in report.items():
        names = list(next(iter(rows.values())))
        table = Table(title=f"{group}: recall % (95 % interval), +other boxes")
        table.add_column("row")
        table.add_column("n", justify="right")
        for name in names:
            table.add_column(name, justify="right")
        for row, figures in rows.items():
            first = figures[names[0]]
            count = first.get("faces", first["pictures"])
            table.add_row(row, str(count), *(_cell(figures[name]) for name in names))
        yield table


def plot(report: Report, path: Path) -> None:
    """Draw recall over the angle and over the size, a line per detector."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, group, label in zip(
        panels, ("rotation", "size"), ("turned by (degrees)", "face (pixels)"), strict=True
    ):
        rows = report[group]
        for name in next(iter(rows.values())):
            recall = [100 * figures[name]["recall"] for figures in rows.values()]
            panel.plot(range(len(rows)), recall, marker="o", markersize=3, label=name)
        step = 3 if group == "rotation" else 1
        names = [row.removesuffix(" px") for row in rows]
        panel.set_xticks(range(0, len(rows), step), names[::step])
        panel.set(xlabel=label, ylabel="faces found (%)", ylim=(0, 104))
        panel.grid(alpha=0.3)
    panels[-1].legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)


def _cell(figures: dict[str, Any]) -> str:
    if "recall" not in figures:
        return f"{figures['others']} boxes"
    low, high = (100 * each for each in figures["interval"])
    others = f" +{figures['others']}" if figures["others"] else ""
    return f"{100 * figures['recall']:.1f} ({low:.0f}..{high:.0f}){others}"
