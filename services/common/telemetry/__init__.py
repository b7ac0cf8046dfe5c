"""What a process tells about itself: log lines, metrics, traces, reports of errors."""

from services.common.telemetry.correlation import (
    Origin,
    correlated,
    current_correlation_id,
    current_origin,
)
from services.common.telemetry.logs import configure_logging, get_logger
from services.common.telemetry.metrics import Metrics, open_metrics, serve_metrics
from services.common.telemetry.spans import NO_SPAN, NoTracing, Span, Tracing
from services.common.telemetry.tracing import build_tracing

__all__ = [
    "NO_SPAN",
    "Metrics",
    "NoTracing",
    "Origin",
    "Span",
    "Tracing",
    "build_tracing",
    "configure_logging",
    "correlated",
    "current_correlation_id",
    "current_origin",
    "get_logger",
    "open_metrics",
    "serve_metrics",
]
