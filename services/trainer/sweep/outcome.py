"""What came of one run on one rung."""

from enum import StrEnum
from typing import Any

from services.trainer.config.base import Section


class Status(StrEnum):
    """How a run came out of a rung."""

    DONE = "done"
    DIVERGED = "diverged"
    FAILED = "failed"


class Measures(Section):
    """A network on the validation images; shares 0..1, likelihoods in nats.

    Attributes:
        accuracy: by argmax, as the next two.
        macro_recall: mean over classes that have an image.
        macro_f1: likewise.
        nll: of the softmax as it is.
        nll_calibrated: after a temperature, each half of the images with the other's; what
            label smoothing and remedies for imbalance do to the scale is gone from it.
        recalls: by class, of those that have an image.
    """

    accuracy: float
    macro_recall: float
    macro_f1: float
    nll: float
    nll_calibrated: float
    recalls: dict[str, float]


class Outcome(Section):
    """What came of one run on one rung.

    Attributes:
        candidate: its key.
        seed: of the run.
        rung: its number, from 0.
        status: "failed" is anything but a loss that is no number.
        detail: a sentence where it is not done.
        epochs: trained so far; fewer than the rung's after an early stop.
        minutes: of training so far.
        measures: None where it is not done.
    """

    candidate: str
    seed: int
    rung: int
    status: Status
    detail: str = ""
    epochs: float = 0.0
    minutes: float = 0.0
    measures: Measures | None = None


class Stopped(Section):
    """A run that was saved before the rung's end: it has no outcome yet."""

    reason: str


def measures_of(evaluated: dict[str, Any], *, nll_calibrated: float) -> Measures:
    """Pick from what ``evaluate_logits`` returns."""
    return Measures(
        **{name: evaluated[name]["value"] for name in ("accuracy", "macro_recall", "macro_f1")},
        nll=evaluated["before_temperature"]["nll"],
        nll_calibrated=nll_calibrated,
        recalls={
            name: row["recall"] for name, row in evaluated["per_class"].items() if row["support"]
        },
    )
