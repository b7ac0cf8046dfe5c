import pytest

from services.web.views.review_summary import confusion, draw_views, review_view, told
from services.web.views.units import parse_time
from tests.fixtures.taught_json import draw, review_summary

NOW = parse_time("2026-12-01T09:00:00Z")


def test_a_figure_has_its_interval_and_number() -> None:
    found = told("Accuracy", {"value": 0.79, "low": 0.735, "high": 0.837, "n": 240})
    assert (found.value, found.interval) == ("79.0 %", "73.5 % to 83.7 %")
    assert (found.x, found.reach_x, found.reach) == ("79.00%", "73.50%", "10.20%")
    assert (found.faces, found.why) == ("240 faces", "")


@pytest.mark.parametrize(
    ("figure", "value", "why"),
    [
        ({"value": None, "n": 12}, "undefined", "only one answer occurs"),
        ({"value": None, "n": 0}, "not known", "blind votes of two people"),
        ({"value": 1.0, "low": None, "high": None, "n": 4}, "1.00", "Without an interval"),
    ],
)
def test_what_cannot_be_told_is_said_in_words(
    figure: dict[str, float | None], value: str, why: str
) -> None:
    found = told("alpha", figure, as_share=False)
    assert found.value == value
    assert why in found.why
    assert found.interval == ""


def test_less_agreement_than_chance_is_drawn_at_zero() -> None:
    found = told("kappa", {"value": -0.2, "low": -0.4, "high": 0.1, "n": 30}, as_share=False)
    assert (found.value, found.interval) == ("-0.20", "-0.40 to 0.10")
    assert (found.x, found.reach_x, found.reach) == ("0.00%", "0.00%", "10.00%")


def test_confusion_has_a_row_for_each_answer_of_the_model() -> None:
    rows = confusion({"neutral": {"neutral": 9, "not_a_face": 1}})
    assert [row.expression for row in rows][-1] == "neutral"
    cells = {cell.answer: cell for cell in rows[-1].cells}
    assert (cells["neutral"].share, cells["neutral"].right) == ("90 %", True)
    assert (cells["not_a_face"].words, cells["not_a_face"].faces) == ("not a face", 1)
    assert confusion({}) == ()


def test_the_summary_is_read_without_reviews() -> None:
    assert NOW is not None
    nothing = review_summary(reviewed=0, reviewers=[], confusion={}, agreement={}, model={})
    found = review_view(nothing, now=NOW)
    assert found.line == "0 of 4,210 faces reviewed."
    assert (found.accuracy.value, found.accuracy.share, found.is_enough) == (
        "not known",
        None,
        False,
    )


def test_a_draw_says_how_far_it_is() -> None:
    assert NOW is not None
    (found,) = draw_views([draw(by_expression=True)], now=NOW)
    assert (found.left, found.words) == (56, "as many of each expression")
    assert found.drawn == "2 hours ago"
