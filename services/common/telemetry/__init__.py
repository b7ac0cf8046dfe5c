"""What a process tells about itself: log lines, the correlation id in them, and metrics."""

from services.common.telemetry.correlation import correlated, current_correlation_id
from services.common.telemetry.logs import configure_logging, get_logger
from services.common.telemetry.metrics import Metrics

__all__ = ["Metrics", "configure_logging", "correlated", "current_correlation_id", "get_logger"]
