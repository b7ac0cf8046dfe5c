"""Tables of models for people."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hfer.cli.tables import NOTHING, add, lines_table, shown_time, titled_table
from hfer.cli.text import LINE_SIGNS, safe
from hfer.registry_models import Canary, ModelDetail, ModelInfo, ModelMetrics


def models_table(models: Iterable[ModelInfo]) -> Table:
    """One row per model."""
    table = titled_table(
        *("model", "id", "in use", "workers", "accuracy", "macro recall", "macro F1"),
        *("tested on", "created"),
    )
    for column in table.columns[3:7]:
        column.justify = "right"
    for model in models:
        metrics = model.metrics
        add(
            table,
            model.model_version,
            model.id,
            _use(model),
            f"{model.workers:,}",
            _percent(metrics.accuracy),
            _percent(metrics.macro_recall),
            _percent(metrics.macro_f1),
            _tested_on(metrics),
            shown_time(model.created_at),
        )
    return table


def model_table(model: ModelInfo) -> Table:
    """Everything worth knowing of one model, a line each."""
    metrics = model.metrics
    return lines_table(
        {
            "model": model.model_version,
            "id": model.id,
            "in use": _use(model),
            "workers": f"{model.workers:,}",
            "refused by": _refusals(model),
            "accuracy": _percent(metrics.accuracy),
            "macro recall": _percent(metrics.macro_recall),
            "macro F1": _percent(metrics.macro_f1),
            "images": _count(metrics.n),
            "truth": metrics.truth or NOTHING,
            "test set": metrics.test_sha256 or NOTHING,
            "created": shown_time(model.created_at),
            "activated": shown_time(model.activated_at),
            "sha256": model.sha256,
        }
    )


def card_text(detail: ModelDetail) -> RenderableType:
    """Render the model card; links are spelt out, because a card is not ours."""
    if detail.card is None:
        return Text("The bundle has no model card.")
    # A tenth of what every command imports, for the one that shows a card.
    from rich.markdown import Markdown

    return Markdown(safe(detail.card, keep=LINE_SIGNS), hyperlinks=False)


def canary_table(canary: Canary) -> Table:
    """How the model on trial does, a line each."""
    baseline = canary.baseline
    change = canary.mean_abs_dp
    return lines_table(
        {
            "on trial": canary.candidate.model_version,
            "beside": baseline.model_version if baseline else NOTHING,
            "share": f"{canary.share:.1%}",
            "since": shown_time(canary.started_at),
            "chunks": f"{canary.chunks:,}",
            "photos": f"{canary.photos:,}",
            "faces": f"{canary.faces:,}",
            "agreement": _percent(canary.agreement),
            "mean change of p": NOTHING if change is None else f"{change:.3f}",
        }
    )


def _refusals(model: ModelInfo) -> str:
    listed = [f"{refusal.workers:,} ({refusal.reason})" for refusal in model.refusals]
    return ", ".join(listed) or NOTHING


def _use(model: ModelInfo) -> str:
    use = "active" if model.active else "canary" if model.canary else NOTHING
    if model.offered:
        use = "canary, offered" if model.canary else "offered"
    return f"{use}, refused" if model.refusals else use


def _tested_on(metrics: ModelMetrics) -> str:
    """Name truth, number of images and test set in short; what is not known is left out."""
    number = "" if metrics.n is None else f"{metrics.n:,}"
    parts = (number, metrics.truth, (metrics.test_sha256 or "")[:8])
    return " ".join(part for part in parts if part) or NOTHING


def _count(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"
