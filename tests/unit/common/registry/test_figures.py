"""Manifests as several trainers wrote them: which figures are shown, which may be compared."""

from typing import Any

import pytest

from services.common.db.tables import Model
from services.common.domain.bundles import Truth
from services.common.registry.figures import Figures, headline, on_the_same_test

OLD, NEW = bytes(32), bytes(range(32))
TEST, OTHER = "a" * 64, "b" * 64


def model(sha256: bytes, **metrics: Any) -> Model:
    return Model(sha256=sha256, manifest={"metrics": metrics})


def comparison(test: str, *, f1: float, baseline: bytes, its_f1: float) -> dict[str, Any]:
    return {
        "truth": "judges",
        "test_sha256": test,
        "n": 40,
        "macro_f1": f1,
        "baseline": {"sha256": baseline.hex(), "macro_f1": its_f1},
    }


class TestHeadline:
    @pytest.mark.parametrize(
        ("metric", "value"),
        [
            (0.5, 0.5),
            (1, 1.0),
            ({"value": 0.5, "low": 0.4, "high": 0.6}, 0.5),
            ({"low": 0.4}, None),
            (True, None),
            ("0.5", None),
            ([0.5], None),
        ],
    )
    def test_reads_a_figure_with_or_without_its_interval(
        self, metric: object, value: float | None
    ) -> None:
        assert headline({"metrics": {"macro_f1": metric}}).macro_f1 == value

    def test_names_truth_test_and_number_of_images(self) -> None:
        metrics = {"accuracy": 0.8, "truth": "judges", "test_sha256": TEST, "n": 1780}
        found = headline({"metrics": metrics})
        assert found == Figures(accuracy=0.8, truth=Truth.JUDGES, test_sha256=TEST, n=1780)

    def test_of_an_older_bundle_is_the_data_sets_truth_on_an_unknown_test(self) -> None:
        found = headline({"metrics": {"accuracy": {"value": 0.67}, "n": 3589}})
        assert (found.truth, found.test_sha256, found.n) == ("data set", None, 3589)

    @pytest.mark.parametrize(
        "manifest",
        [{}, {"metrics": None}, {"metrics": [1]}, {"metrics": {"n": "1", "test_sha256": 7}}],
    )
    def test_of_nothing_measured_is_nothing(self, manifest: dict[str, Any]) -> None:
        assert headline(manifest) == Figures()


class TestOnTheSameTest:
    def test_is_the_one_that_both_are_shown_with(self) -> None:
        found = on_the_same_test(
            model(NEW, macro_f1=0.7, test_sha256=TEST), model(OLD, macro_f1=0.6, test_sha256=TEST)
        )
        assert found is not None
        assert (found.candidate.macro_f1, found.active.macro_f1) == (0.7, 0.6)

    @pytest.mark.parametrize(
        ("new", "old"),
        [
            ({"test_sha256": TEST, "macro_f1": 0.7}, {"test_sha256": OTHER, "macro_f1": 0.6}),
            ({"macro_f1": 0.7}, {"macro_f1": 0.6}),
            ({"test_sha256": TEST}, {"test_sha256": TEST, "macro_f1": 0.6}),
            ({"test_sha256": TEST, "macro_f1": 0.7}, {}),
            ({"comparisons": 7, "macro_f1": 0.7}, {"comparisons": [None, {}], "macro_f1": 0.6}),
        ],
        ids=["other tests", "unknown tests", "no figure", "nothing", "nonsense"],
    )
    def test_is_none_where_no_test_is_known_of_both(
        self, new: dict[str, Any], old: dict[str, Any]
    ) -> None:
        assert on_the_same_test(model(NEW, **new), model(OLD, **old)) is None

    def test_is_known_of_an_older_bundle_by_the_newer_ones_comparison(self) -> None:
        compared = comparison(TEST, f1=0.78, baseline=OLD, its_f1=0.6)
        new = model(NEW, macro_f1=0.8, test_sha256=OTHER, comparisons=[compared])
        old = model(OLD, macro_f1=0.64)
        there = on_the_same_test(new, old)
        assert there is not None
        assert (there.candidate.macro_f1, there.active.macro_f1) == (0.78, 0.6)
        assert (there.candidate.truth, there.candidate.n) == ("judges", 40)
        back = on_the_same_test(old, new)
        assert back is not None
        assert (back.candidate.macro_f1, back.active.macro_f1) == (0.6, 0.78)

    def test_takes_no_figures_of_a_third_model(self) -> None:
        compared = comparison(TEST, f1=0.78, baseline=bytes([7] * 32), its_f1=0.6)
        assert on_the_same_test(model(NEW, comparisons=[compared]), model(OLD)) is None

    def test_prefers_the_test_that_the_candidate_is_shown_with(self) -> None:
        compared = comparison(OTHER, f1=0.5, baseline=OLD, its_f1=0.9)
        found = on_the_same_test(
            model(NEW, macro_f1=0.7, test_sha256=TEST, comparisons=[compared]),
            model(OLD, macro_f1=0.6, test_sha256=TEST),
        )
        assert found is not None
        assert found.candidate.test_sha256 == TEST
