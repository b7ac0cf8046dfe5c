"""The report as tables for a terminal."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from benchmarks.pipeline.stages import STAGES


def as_tables(report: dict[str, Any]) -> Iterator[Table]:
    """Yield speed, stages and agreement of ``Report.as_json``."""
    low, high = report["megapixels"]
    random = ", random weights: speed only" if report["random_weights"] else ""
    about = (
        f"{report['photos']} photos of {low} to {high} Mpx, {report['faces']} faces, "
        f"{report['cores']} cores, {report['rounds']} rounds, {report['model_version']}{random}"
    )
    sides = {"reference": report["reference"], **report["ours"]}
    yield _speed(about, sides, report["ratios"])
    if report["other"]:
        sides |= {f"other build, {name}": side for name, side in report["other"].items()}
        yield _to_other(report)
    yield _stages(sides)
    yield _agreement(report["agreement"])


def _speed(about: str, sides: dict[str, Any], ratios: dict[str, float]) -> Table:
    table = _table(about, "side", "processes x threads", "images/s", "faces/s", "ratio")
    for name, side in sides.items():
        for layout, speed in side["layouts"].items():
            whole = layout == list(side["layouts"])[-1] and name in ratios
            table.add_row(
                name,
                layout,
                f"{speed['images_per_s']:.2f}",
                f"{speed['faces_per_s']:.2f}",
                f"{ratios[name]:.2f}" if whole else "",
            )
    return table


def _to_other(report: dict[str, Any]) -> Table:
    table = _table("the other build", "precision", "images/s", "ours/s", "ratio")
    for name, ratio in report["ratios_to_other"].items():
        theirs, ours = (report[of][name]["images_per_s"] for of in ("other", "ours"))
        table.add_row(name, f"{theirs:.2f}", f"{ours:.2f}", f"{ratio:.2f}")
    return table


def _stages(sides: dict[str, Any]) -> Table:
    table = _table(
        "core milliseconds a photo, one thread per process", "side", *STAGES, "RSS MB", "peak MB"
    )
    for name, side in sides.items():
        stages = side["stage_ms_per_photo"]
        memory = (f"{side[of]:.0f}" for of in ("rss_mb", "peak_mb"))
        table.add_row(name, *(f"{stages[s]:.1f}" for s in STAGES), *memory)
    return table


def _agreement(agreement: dict[str, Any]) -> Table:
    names = ("matched", "new", "landmark mean", "landmark max", "top-1", "max |dp|")
    table = _table("agreement with the reference (confidence >= 0.95, IoU >= 0.9)", "side", *names)
    for name, found in agreement.items():
        table.add_row(
            name,
            f"{found['matched']:.2%} of {found['confident']}",
            str(found["new"]),
            f"{found['landmark_mean']:.3%}",
            f"{found['landmark_max']:.3%}",
            f"{found['top1']:.2%}",
            f"{found['max_dp']:.4f}",
        )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
