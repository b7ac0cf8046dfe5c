"""What the model card says of votes: the truth of its figures, and people beside the model."""

from typing import Any

_SECTION = """\
The truth of these figures is what most of several judges said of each face. {without:,} faces
without such a majority are left out of them; the others below count.

| against the judges | value | 95 % interval | faces |
|---|---|---|---|
{rows}

"""
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
)


def judges_section(evaluation: dict[str, Any]) -> str:
    """Return the section in Markdown, or nothing for an evaluation without votes."""
    judges = evaluation.get("judges")
    if not judges:
        return ""
    return _SECTION.format(
        without=judges["without_majority"],
        rows="\n".join(_row(words, _found(judges, place)) for words, place in _ROWS),
    )


def _found(judges: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    for name in place:
        judges = judges[name]
    return judges


def _row(words: str, figure: dict[str, Any]) -> str:
    value, low, high = ("none" if figure[key] is None else f"{figure[key]:.3f}" for key in _ENDS)
    return f"| {words} | {value} | {low} to {high} | {figure['n']:,} |"
