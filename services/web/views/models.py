"""A model as its page shows it: figures, confusion matrix, card."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from services.web.views.expressions import Bar
from services.web.views.units import count, percent

_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(?:png|jpe?g)")
_SHADES = 10
_TRUTHS = {"judges": "the judges' majority", "data set": "the data set's labels"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured share with its 95 % interval in words, empty when the manifest has none."""

    name: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Images of one label that got one answer; ``shade`` 0..9 follows the share of the row."""

    images: int
    share: str
    shade: int
    right: bool


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """All images of one label."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How well one expression is recognised."""

    label: str
    precision: Bar
    recall: Bar
    f1: Bar
    support: int


def figures(metrics: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Read the three figures that models are compared by."""
    names = {"accuracy": "Accuracy", "macro_recall": "Macro recall", "macro_f1": "Macro F1"}
    return tuple(_figure(title, metrics.get(name)) for name, title in names.items())


def measured_on(metrics: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the figures were measured on and against, in parts; the first one is short.

    Args:
        metrics: the model's, as the API shows them.
        manifest: its bundle's, for data and split; empty in a list of models.
    """
    if not isinstance(metrics.get("truth"), str):
        return ()
    told, data = (manifest.get(name) or {} for name in ("metrics", "training_data"))
    images, test = metrics.get("n"), metrics.get("test_sha256")
    parts = (
        count(images, "image") if isinstance(images, int) else None,
        data.get("name"),
        told.get("split"),
        _TRUTHS.get(metrics["truth"]),
        f"test set {test[:8]}" if isinstance(test, str) else "unknown test set",
    )
    return tuple(str(words) for words in parts if words)


def confusion(labels: Sequence[str], metrics: Mapping[str, Any]) -> tuple[ConfusionRow, ...]:
    """Read the confusion matrix: rows are labels, columns answers; empty if there is none."""
    matrix = metrics.get("confusion")
    if not isinstance(matrix, list) or len(matrix) != len(labels):
        return ()
    rows = []
    for index, (label, row) in enumerate(zip(labels, matrix, strict=True)):
        total = sum(row) or 1
        cells = (
            Cell(
                images=int(images),
                share=percent(images / total),
                shade=min(_SHADES - 1, int(images / total * _SHADES)),
                right=column == index,
            )
            for column, images in enumerate(row)
        )
        rows.append(ConfusionRow(label, tuple(cells)))
    return tuple(rows)


def per_class(labels: Sequence[str], metrics: Mapping[str, Any]) -> tuple[ClassRow, ...]:
    """Read precision, recall and F1 of each expression, in the order of the labels."""
    found = metrics.get("per_class")
    if not isinstance(found, dict):
        return ()
    return tuple(
        ClassRow(
            label,
            precision=_bar(found[label].get("precision")),
            recall=_bar(found[label].get("recall")),
            f1=_bar(found[label].get("f1")),
            support=int(found[label].get("support") or 0),
        )
        for label in labels
        if isinstance(found.get(label), dict)
    )


def pictures(manifest: Mapping[str, Any], card: str) -> tuple[str, ...]:
    """List the bundle's pictures (curves, matrices) that its card does not show by itself."""
    names = sorted(name for name in manifest.get("files") or {} if _PICTURE.fullmatch(name))
    return tuple(name for name in names if f"]({name})" not in card)


def card_html(card: str, *, files: str) -> str:
    """Render a model card. Cards come with bundles, so nothing in them is trusted.

    Raw HTML is shown as text, links may not run scripts, and pictures are only those of the
    bundle itself.

    Args:
        card: Markdown.
        files: path below which the page serves the bundle's pictures.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", _picture_rule(files))
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("td_open", _cell)
    parser.add_render_rule("th_open", _cell)
    return str(parser.render(card))


def _figure(name: str, found: object) -> Figure:
    if isinstance(found, dict):
        low, high = found.get("low"), found.get("high")
        interval = (
            ""
            if low is None or high is None
            else f"{percent(low, digits=1)} to {percent(high, digits=1)}"
        )
        return Figure(name, percent(found.get("value"), digits=1), interval)
    return Figure(name, percent(found if isinstance(found, float) else None, digits=1), "")


def _bar(value: object) -> Bar:
    share = float(value) if isinstance(value, int | float) else 0.0
    return Bar("", share, percent(share))


def _picture_rule(files: str) -> Any:
    def rule(
        _self: RendererHTML,
        tokens: Sequence[Token],
        index: int,
        _options: OptionsDict,
        _env: EnvType,
    ) -> str:
        token = tokens[index]
        source = str(token.attrGet("src") or "")
        if not _PICTURE.fullmatch(source):
            return ""
        alt = re.sub(r"[^\w ,.()-]", "", token.content)
        return f'<img src="{files}/{source}" alt="{alt}" loading="lazy">'

    return rule


def _heading(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """Put the card's headings below the page's own."""
    token = tokens[index]
    level = min(6, int(token.tag[1:]) + 1)
    return f"<h{level}>" if token.nesting > 0 else f"</h{level}>\n"


def _table_open(*_: object) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>'


def _table_close(*_: object) -> str:
    return "</table></div>"


def _cell(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """Leave out the inline style by which Markdown aligns: the page's policy forbids it."""
    return f"<{tokens[index].tag}>"
