"""Log lines: one JSON object each in production, readable columns on a console.

Lines of libraries (uvicorn, Celery, SQLAlchemy) take the same way as ours, so that one format
and one redaction hold for all.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

from services.common.telemetry.correlation import current_correlation_id
from services.common.telemetry.redaction import redact
from services.common.telemetry.reports import configure_reports
from services.common.telemetry_settings import TelemetrySettings

# They log each request or each task at INFO; our own lines say it with more context. httpx would
# write whole URLs, whose queries may hold a user's signature.
_CHATTY = (
    "uvicorn.access",
    "celery.app.trace",
    "celery.worker.strategy",
    "urllib3",
    "httpx",
    "httpcore",
)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a lazy logger; events are dotted names (``job.closed``), facts are keywords."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))


def configure_logging(
    settings: TelemetrySettings, *, service: str, stream: TextIO | None = None
) -> None:
    """Send every log line of this process to ``stream`` (stderr) in the configured format.

    Called once by each process' entry; calling it again replaces the first configuration. Lines
    from ERROR on go to Sentry as well, if its DSN is set.

    Args:
        settings: level and format, and the DSN.
        service: name in every line: ``api``, ``worker``, ``maintenance``, ``ingest``.
        stream: where the lines go; stderr when None.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _ServiceStamp(service),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _renderer(settings, stream or sys.stderr),
            ],
        )
    )
    root = logging.getLogger()
    reports = configure_reports(settings, service=service)
    root.handlers[:] = [handler] if reports is None else [handler, reports]
    root.setLevel(settings.level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class _ServiceStamp:
    """Processor that adds the service's name and the correlation id of the current work."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = self._service
        event.pop("color_message", None)  # uvicorn's own copy of the message, for its own console
        correlation_id = current_correlation_id()
        if correlation_id is not None:
            event["correlation_id"] = correlation_id
        return event


def _renderer(settings: TelemetrySettings, stream: TextIO) -> Processor:
    if settings.format == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty())
