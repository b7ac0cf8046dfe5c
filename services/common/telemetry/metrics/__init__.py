"""Prometheus metrics of a process: `Metrics`, and the port that they are read at."""

from services.common.telemetry.metrics.catalogue import Metrics
from services.common.telemetry.metrics.port import MetricsPortError, open_metrics, serve_metrics

__all__ = ["Metrics", "MetricsPortError", "open_metrics", "serve_metrics"]
