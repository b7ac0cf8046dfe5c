import pytest

from services.web.views.models import card_html, confusion, figures, measured_on, pictures

FILES = "/models/mdl_1/files"


@pytest.mark.parametrize(
    "card",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://evil.test/p.png)",
        "![x](../../secret.png)",
        "![x](//evil.test/p.png)",
        "![x](data:image/png;base64,AAAA)",
    ],
)
def test_a_hostile_card_is_text(card: str) -> None:
    shown = card_html(card, files=FILES)
    assert "<script" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown


def test_a_card_shows_the_bundles_own_pictures() -> None:
    shown = card_html('![the "matrix"](confusion_matrix.png)', files=FILES)
    assert f'<img src="{FILES}/confusion_matrix.png" alt="the matrix" loading="lazy">' in shown


def test_a_cards_table_needs_no_inline_style() -> None:
    shown = card_html("# T\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n", files=FILES)
    assert "<td>2</td>" in shown
    assert "style" not in shown
    assert "<h2>T</h2>" in shown


def test_pictures_that_the_card_shows_are_not_shown_twice() -> None:
    files = dict.fromkeys(["a.png", "b.jpg", "model.onnx", "report.html"], "0")
    assert pictures({"files": files}, "![x](b.jpg)") == ("a.png",)


def test_cells_are_shares_of_their_row() -> None:
    first, second = confusion(["x", "y"], {"confusion": [[3, 1], [0, 0]]})
    assert [(cell.share, cell.shade, cell.right) for cell in first.cells] == [
        ("75 %", 7, True),
        ("25 %", 2, False),
    ]
    assert [cell.share for cell in second.cells] == ["0 %", "0 %"]


def test_a_figure_is_a_number_or_one_with_its_interval() -> None:
    shown = figures({"accuracy": 0.5, "macro_recall": {"value": 0.6, "low": 0.5, "high": 0.7}})
    assert [(f.value, f.interval) for f in shown] == [
        ("50.0 %", ""),
        ("60.0 %", "50.0 % to 70.0 %"),
        ("–", ""),
    ]


@pytest.mark.parametrize(
    ("metrics", "manifest", "parts"),
    [
        (
            {"truth": "judges", "n": 1780, "test_sha256": "5e6f7a8b" * 8},
            {"metrics": {"split": "test"}, "training_data": {"name": "FER2013"}},
            ("1,780 images", "FER2013", "test", "the judges' majority", "test set 5e6f7a8b"),
        ),
        (
            {"truth": "data set", "n": None, "test_sha256": None},
            {},
            ("the data set's labels", "unknown test set"),
        ),
        ({"truth": None, "n": 5, "test_sha256": None}, {}, ()),
        ({}, {"metrics": {"n": 5}}, ()),
    ],
)
def test_figures_are_of_a_test_and_a_truth(
    metrics: dict[str, object], manifest: dict[str, object], parts: tuple[str, ...]
) -> None:
    assert measured_on(metrics, manifest) == parts
