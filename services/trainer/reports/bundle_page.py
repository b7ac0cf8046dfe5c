"""report.html for a bundle evaluated on any images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.common.files import write_atomically
from services.trainer.data.layouts import Split
from services.trainer.evaluation.bundle import BundleEvaluation
from services.trainer.reports import sections
from services.trainer.reports.judges import MAJORITY, OWN_LABELS, page_section
from services.trainer.reports.page import page, paragraph


def write_bundle_report(
    evaluation: BundleEvaluation, path: Path, *, examples: bool = False
) -> Path:
    """Write the page to ``path`` and return it.

    Args:
        evaluation: what to show.
        path: the file; one that is there is replaced.
        examples: show the worst images; such a page must not be passed on.
    """
    figures, answers = evaluation.as_json(), evaluation.answers
    manifest, crops = evaluation.bundle.manifest, evaluation.images.crops
    facts = {
        "model_version": evaluation.bundle.version,
        "files": manifest.files,
        "data": figures["data"],
        "trained_on": figures["trained_on"],
        "git_revision": manifest.git_revision,
        "recipe": manifest.recipe,
    }
    names = [sample.path for sample in evaluation.images.samples]
    judges = figures.get("judges")
    truth = OWN_LABELS if judges else None
    parts = [
        *(paragraph(note, kind="note") for note in figures["notes"]),
        *(_judged(judges) if judges else []),
        sections.headline(figures, truth=truth),
        sections.classes(figures, truth=truth),
        sections.class_counts(_counts(evaluation)),
        sections.confusion(figures, truth=truth),
        sections.reliability(answers),
        sections.quality(crops, answers),
        sections.hfer_v0_reports(figures),
        *([sections.worst(crops, answers, names)] if examples else []),
        sections.provenance(facts),
    ]
    title = f"{evaluation.bundle.version} on {evaluation.images.name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page(title, parts).encode())
    return path


def _judged(judges: dict[str, Any]) -> list[str]:
    return [
        page_section(judges),
        sections.classes(judges, truth=MAJORITY),
        sections.confusion(judges, truth=MAJORITY),
    ]


def _counts(evaluation: BundleEvaluation) -> dict[str, Mapping[str, int]]:
    """What the bundle learned from, where it says so, beside what it is evaluated on."""
    learned = evaluation.bundle.manifest.metrics.get("data_counts", {}).get(Split.TRAIN)
    evaluated = {"evaluated here": evaluation.images.facts()["counts"]}
    return {"trained on": learned, **evaluated} if learned else evaluated
