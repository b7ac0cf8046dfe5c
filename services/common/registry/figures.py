"""What a manifest says of a model's figures: against which truth, on which test set, how many.

Manifests come from other trainers and other years, so reading is lenient: what is missing or of
another shape is None. A test set is known by a hash of its images and their true labels (the
trainer's ``evaluation/tested_on.py``); only figures of one hash may be compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.common.db.tables import Model
from services.common.domain.bundles import Truth

_MEASURES = ("accuracy", "macro_recall", "macro_f1")


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one model on one test set.

    Attributes:
        accuracy: share of right answers, 0..1.
        macro_recall: 0..1.
        macro_f1: 0..1.
        truth: the data set's also of bundles older than the distinction; None where nothing was
            measured.
        test_sha256: of the test set in hex digits; None: unknown, as of older bundles.
        n: images of the test set.
    """

    accuracy: float | None = None
    macro_recall: float | None = None
    macro_f1: float | None = None
    truth: Truth | None = None
    test_sha256: str | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class SameTest:
    """The figures of two models on one test set; both tell their macro F1."""

    candidate: Figures
    active: Figures


def headline(manifest: Mapping[str, Any]) -> Figures:
    """Read the figures that a bundle is shown with."""
    return _figures(_mapping(manifest.get("metrics")))


def on_the_same_test(candidate: Model, active: Model) -> SameTest | None:
    """Return the figures of both on a test set that both were evaluated on; None without one.

    The manifest of either may tell figures of the other, from a comparison that its trainer made.
    Of several test sets the one that the candidate is shown with comes first.
    """
    known = {found.test_sha256: found for found in _of(active, other=candidate)}
    return next(
        (
            SameTest(found, known[found.test_sha256])
            for found in _of(candidate, other=active)
            if found.test_sha256 in known
        ),
        None,
    )


def _of(model: Model, *, other: Model) -> Iterator[Figures]:
    """Return the figures of a model on known test sets, by its own manifest and the other's."""
    found = [headline(model.manifest), *map(_figures, _comparisons(model))]
    for comparison in _comparisons(other):
        baseline = _mapping(comparison.get("baseline"))
        if baseline.get("sha256") == model.sha256.hex():
            measured = {name: baseline.get(name) for name in _MEASURES}
            found.append(_figures({**comparison, **measured}))
    return (each for each in found if each.test_sha256 and each.macro_f1 is not None)


def _comparisons(model: Model) -> list[Mapping[str, Any]]:
    listed = _mapping(model.manifest.get("metrics")).get("comparisons")
    return [_mapping(each) for each in listed] if isinstance(listed, list) else []


def _figures(found: Mapping[str, Any]) -> Figures:
    accuracy, macro_recall, macro_f1 = (_value(found.get(name)) for name in _MEASURES)
    test, n = found.get("test_sha256"), found.get("n")
    measured = (accuracy, macro_recall, macro_f1) != (None, None, None)
    truth = Truth.JUDGES if found.get("truth") == Truth.JUDGES else Truth.DATA_SET
    return Figures(
        accuracy,
        macro_recall,
        macro_f1,
        truth=truth if measured else None,
        test_sha256=test if isinstance(test, str) and test else None,
        n=n if isinstance(n, int) and not isinstance(n, bool) else None,
    )


def _value(metric: object) -> float | None:
    """Read a figure: a number, or one with its interval as ``{"value": …, "low": …}``."""
    value: object = metric.get("value") if isinstance(metric, dict) else metric
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
