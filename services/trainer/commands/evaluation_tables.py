"""What ``evaluate``, ``compare`` and ``finetune`` found, as tables of the terminal."""

from typing import Any

from rich.table import Table

_ENDS = ("value", "low", "high")
_MEASURES = ("accuracy", "macro_recall", "macro_f1")
_OF_JUDGES = {
    "agreement": "agrees with the majority",
    "macro_recall": "macro recall of the majority",
    "kl": "KL to the votes",
}


def evaluation_table(result: dict[str, Any]) -> Table:
    """Return the figures of a model per class, of all and, with votes, against the judges."""
    table = Table(title=f"{result['model_version']} on {result['n']:,} images")
    for name in ("", "precision", "recall", "F1", "images"):
        table.add_column(name, justify="right" if name else "left")
    for name, row in result["per_class"].items():
        measures = (f"{row[key]:.1%}" for key in ("precision", "recall", "f1"))
        table.add_row(name, *measures, f"{row['support']:,}")
    table.add_section()
    for name in _MEASURES:
        low, high = result["intervals"][name]
        text = f"{result[name]:.1%}", f"{low:.1%} to {high:.1%}"
        table.add_row(name.replace("_", " "), *text)
    table.add_row("ECE-15", f"{result['ece']:.1%}", f"{result['ece_before_temperature']:.1%} raw")
    table.add_row("NLL", f"{result['nll']:.3f}")
    table.add_row("Brier", f"{result['brier']:.3f}")
    if "judges" in result:
        table.add_section()
        for name, figure in _of_judges(result["judges"]):
            table.add_row(name, *_shown(figure))
    return table


def _of_judges(judges: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    people = judges["people"]
    return [
        ("agrees with the majority", judges["agreement"]),
        ("… 8 of 10 judges agreeing", judges["sure_faces"]["agreement"]),
        ("macro recall of the majority", judges["macro_recall"]),
        ("KL to the votes", judges["kl"]),
        ("calibration error to the votes", judges["calibration_error"]),
        ("right at 80 % coverage", judges["doubt"]["right_at_80"]),
        ("AUROC of wrong answers", judges["doubt"]["auroc_of_wrong"]),
        ("one judge with the majority of all", people["one_judge_and_majority_of_all"]),
        ("own label with the majority", judges["own_labels"]["agreement_with_majority"]),
    ]


def _shown(figure: dict[str, Any]) -> tuple[str, str, str, str]:
    numbers = ("–" if figure[key] is None else f"{figure[key]:.3f}" for key in _ENDS)
    value, low, high = numbers
    return value, f"{low} to {high}", "", f"{figure['n']:,}"


def comparison_table(result: dict[str, Any]) -> Table:
    """Return the measures of a ``paired_bootstrap`` and the names of the two models as a table."""
    table = Table(title=f"a {result['a']}, b {result['b']}: {result['n']:,} images")
    for name in ("", "a", "b", "b - a", "95 % interval", ""):
        table.add_column(name)
    for name, row in result["measures"].items():
        table.add_row(name.replace("_", " "), *_compared(row, ".1%"))
    if "judges" in result:
        table.add_section()
        for name, row in result["judges"]["measures"].items():
            of_judges = f"{_OF_JUDGES[name]}, n {row['n']:,}"
            table.add_row(of_judges, *_compared(row, ".3f" if name == "kl" else ".1%"))
    return table


def _compared(row: dict[str, Any], form: str) -> tuple[str, ...]:
    return (
        *(f"{row[key]:{form}}" for key in ("a", "b")),
        f"{row['difference']:+{form}}",
        f"{row['low']:+{form}} to {row['high']:+{form}}",
        "differs" if row["differs"] else "may be luck",
    )
