"""The parts of the page, each made from the figures of ``answers.figures`` or from pixels."""

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.imbalance import BETA, imbalance
from services.trainer.evaluation.answers import Answers
from services.trainer.evaluation.slices import slices
from services.trainer.reports.charts import imbalance_svg, reliability_svg, training_svg
from services.trainer.reports.page import (
    bar,
    paragraph,
    raw_table,
    section,
    shaded,
    table,
)

Pixels = NDArray[np.uint8]

WORST = 24
_NAMES = [str(emotion) for emotion in EMOTIONS]


def headline(figures: dict[str, Any], *, truth: str | None = None) -> str:
    """The measures with their intervals, and the calibration before and after.

    Where there is more than one truth, ``truth`` names that of the figures, as below.
    """
    rows = [
        [name.replace("_", " "), f"{figures[name]:.1%}", f"{low:.1%} to {high:.1%}"]
        for name, (low, high) in figures["intervals"].items()
    ]
    kinds = [("before temperature", figures["before_temperature"])]
    kinds.append((f"as served (T = {figures['temperature']})", figures["after_temperature"]))
    if "cross_fitted" in figures:
        kinds.append(("two-fold cross-fitted", figures["cross_fitted"]))
    calibration = [
        [name, f"{part['ece_15']:.1%}", f"{part['nll']:.3f}", f"{part['brier']:.3f}"]
        for name, part in kinds
    ]
    return section(
        _against(f"{figures['n']:,} images", truth),
        table(["", "value", "95 % interval"], rows),
        paragraph("Intervals from 1,000 bootstrap resamples.", kind="soft"),
        table(["calibration", "ECE-15", "NLL", "Brier"], calibration),
    )


def training(lines: Sequence[dict[str, Any]]) -> str:
    """The curves of a run's log."""
    return section("Training", f'<div class="wide">{training_svg(lines)}</div>')


def confusion(figures: dict[str, Any], *, truth: str | None = None) -> str:
    """Counts, with each row's shares; a row is a true class, a column an answer."""
    counts = np.array(figures["confusion"])
    rows = []
    for name, row in zip(_NAMES, counts, strict=True):
        shares = row / max(int(row.sum()), 1)
        cells = zip(row, shares, strict=True)
        rows.append(
            [f"<td>{escape(name)}</td>", *(shaded(f"{n}", f"{s:.0%}", float(s)) for n, s in cells)]
        )
    return section(
        _against("Confusion matrix", truth),
        raw_table(["label / answer", *_NAMES], rows),
        paragraph("Counts, and the share of the label's images.", kind="soft"),
    )


def reliability(answers: Answers) -> str:
    """The reliability diagram before and after the temperature."""
    drawn = reliability_svg(answers.before, answers.after, answers.labels)
    return section("Reliability", f'<div class="wide">{drawn}</div>')


def classes(figures: dict[str, Any], *, truth: str | None = None) -> str:
    """Each class's measures, with how many images it has."""
    per_class = figures["per_class"]
    most = max(row["support"] for row in per_class.values())
    rows = [
        [
            f"<td>{escape(name)}</td>",
            *(f"<td>{row[key]:.1%}</td>" for key in ("precision", "recall", "f1")),
            f"<td>{row['support']:,}</td>",
            bar(row["support"] / most),
        ]
        for name, row in per_class.items()
    ]
    return section(
        _against("Expressions", truth),
        raw_table(["", "precision", "recall", "F1", "images", ""], rows),
    )


def class_counts(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The imbalance chart and its numbers, for the classes of each split."""
    rows = []
    for split, classes in counts.items():
        found = imbalance(classes)
        largest, smallest = (pick(classes, key=lambda name: classes[name]) for pick in (max, min))
        rows.append(
            [
                split,
                f"{sum(classes.values()):,}",
                f"{largest} {classes[largest]:,}",
                f"{smallest} {classes[smallest]:,}",
                *(
                    "a class has none" if ratio is None else f"{ratio:.1f}"
                    for ratio in (found.ratio, found.effective_ratio)
                ),
            ]
        )
    head = ["", "images", "largest", "smallest", "ratio", "effective ratio"]
    return section(
        "Imbalance",
        f'<div class="wide">{imbalance_svg(counts)}</div>',
        table(head, rows),
        paragraph(
            "Ratio: images of the largest class for each of the smallest. Effective number of n "
            f"images: (1 - b^n) / (1 - b) with b = {BETA} (arXiv 1901.05555), as new images of a "
            "class overlap with those that it has.",
            kind="soft",
        ),
    )


def quality(crops: Pixels, answers: Answers) -> str:
    """Accuracy in quarters of the images by brightness, contrast and sharpness."""
    right = answers.logits.argmax(axis=1) == answers.labels
    rows = [
        [
            f"<td>{each.measure}</td>",
            f"<td>{each.low:.3g} to {each.high:.3g}</td>",
            f"<td>{each.n:,}</td>",
            f"<td>{each.accuracy:.1%}</td>",
            bar(each.accuracy),
        ]
        for each in slices(crops, right)
    ]
    return section(
        "Image quality",
        raw_table(["", "range", "images", "accuracy", ""], rows),
        paragraph(
            "Quarters of the crops. Brightness: mean of 0 to 255. Contrast: standard deviation. "
            "Sharpness: variance of the Laplacian over that of the pixels.",
            kind="soft",
        ),
    )


def hfer_v0_reports(figures: dict[str, Any]) -> str:
    """The classification report of hfer v0 by argmax, and by p > 0.5 as hfer v0 computed it."""
    return section(
        "hfer v0's classification report",
        '<div class="pair">',
        _report("argmax", figures["argmax_report"]),
        _report("p > 0.5, as published", figures["threshold_report"]),
        "</div>",
        paragraph(
            "With p > 0.5 an image without a class above one half counts as no answer: "
            f"{figures['threshold_report']['no_answer']:,} of {figures['n']:,} images here.",
            kind="soft",
        ),
    )


def worst(crops: Pixels, answers: Answers, names: Sequence[str]) -> str:
    """The images of highest loss, with label and answer."""
    after = answers.after
    of_truth = after[np.arange(len(after)), answers.labels]
    figures = []
    for index in np.argsort(of_truth, kind="stable")[:WORST]:
        answer = int(after[index].argmax())
        figures.append(
            f'<figure><img alt="" src="{_png(crops[index])}"><figcaption>'
            f"label <b>{_NAMES[answers.labels[index]]}</b> {of_truth[index]:.1%}<br>"
            f"answer <b>{_NAMES[answer]}</b> {after[index, answer]:.1%}<br>"
            f"{escape(names[index])}</figcaption></figure>"
        )
    return section(
        "Worst examples",
        paragraph("Not for redistribution: these images belong to the data set.", kind="note"),
        f'<div class="faces">{"".join(figures)}</div>',
    )


def provenance(facts: dict[str, Any]) -> str:
    """Recipe and hashes as JSON."""
    return section("Recipe and hashes", f"<pre>{escape(json.dumps(facts, indent=1))}</pre>")


def _against(title: str, truth: str | None) -> str:
    return title if truth is None else f"{title}, against {truth}"


def _report(title: str, report: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *(f"{row[key]:.2f}" for key in ("precision", "recall", "f1")),
            f"{row['support']:,}",
        ]
        for name, row in report["rows"].items()
    ]
    return f"<div>{table([title, 'precision', 'recall', 'F1', 'images'], rows)}</div>"


def _png(crop: Pixels) -> str:
    bgr = crop[..., ::-1] if crop.shape[-1] == 3 else crop
    _, data = cv2.imencode(".png", np.ascontiguousarray(bgr))
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()
