"""What model card and page say of votes: the model and people beside each other."""

from collections.abc import Iterator
from typing import Any

from services.trainer.reports.charts import risk_coverage_svg
from services.trainer.reports.page import paragraph, section, table

MAJORITY, OWN_LABELS = "the judges' majority", "the data set's own labels"

_CARD = """\
| against the judges | value | 95 % interval | faces |
|---|---|---|---|
{rows}

Where no choice has most of the votes ({without:,} faces) there is no majority to agree with; the
other figures count these faces too. {confidence}

![share wrong by coverage](risk_coverage.png)

"""
_CONFIDENCE = (
    "Confidence is fitted to the shares of votes:\nit is the share of judges to expect, not the "
    "chance of being the majority's. At this number of\nfaces a perfectly calibrated model would "
    "show a calibration error of {by_chance:.3f} by chance."
)
_ENDS = ("value", "low", "high")
# The words of a row, and where its figure is.
_ROWS = (
    ("first answer is the majority's", ("agreement",)),
    ("the same where 8 of 10 judges agree", ("sure_faces", "agreement")),
    ("macro recall of the majority", ("macro_recall",)),
    (
        "people among themselves: one judge drawn at random says what the majority of all says",
        ("people", "one_judge_and_majority_of_all"),
    ),
    (
        "the same with the majority of the others",
        ("people", "one_judge_and_majority_of_the_others"),
    ),
    ("divergence (KL) from the shares of votes, nats", ("kl",)),
    ("calibration error: confidence against share of votes, 15 even bins", ("calibration_error",)),
    ("right among the surest 80 %", ("doubt", "right_at_80")),
    ("AUROC of wrong answers by confidence", ("doubt", "auroc_of_wrong")),
    ("the data set's own label is the majority's", ("own_labels", "agreement_with_majority")),
    ("first answer is the data set's own label", ("own_labels", "accuracy")),
    ("macro recall of the data set's own labels", ("own_labels", "macro_recall")),
)


def card_section(judges: dict[str, Any]) -> str:
    """Return the section in Markdown, of the key ``judges`` of an evaluation."""
    return _CARD.format(
        rows="\n".join(f"| {' | '.join(row)} |" for row in _rows(judges)),
        without=judges["without_majority"],
        confidence=_confidence(judges),
    )


def page_section(judges: dict[str, Any]) -> str:
    """Return the section in HTML, with the curve of what is wrong by coverage."""
    return section(
        f"{judges['n']:,} images, against the judges",
        table(["", "value", "95 % interval", "faces"], list(_rows(judges))),
        paragraph(
            f"{judges['without_majority']:,} of the faces have no majority to agree with. "
            f"{beside(judges, name='the data set')} {_confidence(judges)}",
            kind="soft",
        ),
        f'<div class="wide">{risk_coverage_svg(judges)}</div>',
    )


def beside(judges: dict[str, Any], *, name: str) -> str:
    """Say that the labels of the data set ``name`` stand beside the judges' majority, and why."""
    share = judges["own_labels"]["agreement_with_majority"]["value"]
    return (
        f"{name[0].upper()}{name[1:]}'s own labels stand beside the judges' majority: the two are\n"
        f"the same for {share:.0%} of the faces, so that no model can be best at both."
    )


def people(judges: dict[str, Any]) -> str:
    """Return in how many cases people agree among themselves."""
    return f"{judges['people']['one_judge_and_majority_of_all']['value']:.0%}"


def _confidence(judges: dict[str, Any]) -> str:
    return _CONFIDENCE.format(by_chance=judges["calibration_error"]["by_chance"])


def _rows(judges: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for words, place in _ROWS:
        figure = judges
        for name in place:
            figure = figure[name]
        ends = ("none" if figure[key] is None else f"{figure[key]:.3f}" for key in _ENDS)
        value, low, high = ends
        yield words, value, f"{low} to {high}", f"{figure['n']:,}"
