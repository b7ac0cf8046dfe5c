"""report.html for a run folder, with its training curves."""

from pathlib import Path
from typing import Any

from services.common.files import write_atomically
from services.trainer.data.dataset import Subset
from services.trainer.data.layouts import Split
from services.trainer.evaluation.answers import Answers, figures
from services.trainer.evaluation.calibrate import Calibration
from services.trainer.reports import sections
from services.trainer.reports.judges import MAJORITY, page_section
from services.trainer.reports.page import page, paragraph
from services.trainer.training.run import Run
from services.trainer.training.stage_outputs import (
    CALIBRATION,
    EVALUATION,
    read_json,
    read_logits,
)

REPORT_NAME = "report.html"


def run_figures(run: Run) -> dict[str, Any]:
    """Return the figures of an evaluated run, as of a bundle's.

    Raises:
        RunError: if the run was not evaluated.
    """
    split, evaluated, answers = _evaluated(run)
    record = run.read()
    return {
        "model_version": run.folder.name,
        "split": str(split),
        "notes": _notes(answers, leaked=int(evaluated.leaked.sum())),
        **figures(answers),
        **_judges(run),
        "data": record["data_identity"],
    }


def write_report(run: Run, *, examples: bool = True) -> Path:
    """Write ``report/report.html`` and return its path.

    Args:
        run: evaluated; the temperature is shown if it was calibrated.
        examples: show the worst images; such a page must not be passed on.

    Raises:
        RunError: if the run was not evaluated.
    """
    split, evaluated, answers = _evaluated(run)
    record, shown = run.read(), run_figures(run)
    names = _names(run, split)
    log = run.log_lines()
    judges = shown.get("judges")
    truth = MAJORITY if judges else None
    parts = [
        *(paragraph(note, kind="note") for note in shown["notes"]),
        *([page_section(judges)] if judges else []),
        sections.headline(shown, truth=truth),
        *([sections.training(log)] if log else []),
        sections.classes(shown, truth=truth),
        sections.class_counts(run.prepared().manifest["counts"]),
        sections.confusion(shown, truth=truth),
        sections.reliability(answers),
        sections.quality(evaluated.images, answers),
        sections.hfer_v0_reports(shown),
        *([sections.worst(evaluated.images, answers, names)] if examples else []),
        sections.provenance(record),
    ]
    path = run.report / REPORT_NAME
    write_atomically(path, page(f"{run.folder.name}: {split} split", parts).encode())
    return path


def _evaluated(run: Run) -> tuple[Split, Subset, Answers]:
    logits = read_logits(run)
    split, whole = run.prepared().evaluated
    evaluated = whole.take(whole.decided)
    path = run.report / CALIBRATION
    found = read_json(path) if path.is_file() else None
    fitted = Calibration(**found) if found else Calibration(1.0, 0.0)
    answers = Answers(
        labels=evaluated.labels,
        logits=fitted.shifted(logits[split][whole.decided]),
        temperature=fitted.temperature,
        abstention_threshold=fitted.abstention_threshold,
        fitted_here=found is not None and split is Split.VALIDATION,
    )
    return split, evaluated, answers


def _judges(run: Run) -> dict[str, Any]:
    """Return the figures against the judges as the model card has them, if there are votes."""
    evaluation = read_json(run.report / EVALUATION)
    return {name: evaluation[name] for name in ("truth", "judges") if name in evaluation}


def _notes(answers: Answers, *, leaked: int) -> list[str]:
    notes = []
    if leaked:
        notes.append(
            f"{leaked} of these images have a near copy in the training part of the data set; "
            "those copies were left out of training."
        )
    if answers.fitted_here:
        notes.append("The temperature was fitted on these images; read the cross-fitted figures.")
    return notes


def _names(run: Run, split: Split) -> list[str]:
    rows = run.prepared().manifest["images"]
    names = [row["path"] for row in rows if row["split"] == split and row["kept"]]
    decided = run.prepared().evaluated[1].decided
    return [name for name, is_decided in zip(names, decided, strict=True) if is_decided]
