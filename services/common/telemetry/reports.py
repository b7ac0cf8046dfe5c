"""Errors to Sentry: opt-in by ``HFER_TELEMETRY__SENTRY_DSN``. Without it the SDK is not imported.

What leaves the house is closed: the event's name, the kind and the stack of an exception and the
fields named here. No request, no variable, no message of an exception (those of the database
quote the names of photos), and all of it through the redaction of the log.
"""

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from services.common.telemetry.correlation import current_correlation_id
from services.common.telemetry.redaction import redact_text
from services.common.telemetry_settings import TelemetrySettings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_SENT_FIELDS = frozenset(
    {"after_s", "code", "delivery", "error", "item", "items", "job", "loop", "loops"}
    | {"main_pid", "precision", "reason", "request_id", "rows", "sha256", "task", "trace_id"}
)


def configure_reports(settings: TelemetrySettings, *, service: str) -> logging.Handler | None:
    """Start reporting; return the handler that takes log lines from ERROR on, None if it is off.

    Args:
        settings: the DSN.
        service: tag of every report.
    """
    if settings.sentry_dsn is None:
        return None
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        # Nothing that attaches itself: those of web frameworks and Celery send what they see.
        default_integrations=False,
        integrations=[
            AtexitIntegration(callback=_leave_quietly),
            DedupeIntegration(),
            ExcepthookIntegration(),
        ],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
        before_send=_strip,
    )
    sentry_sdk.set_tag("service", service)
    return ReportHandler()


class ReportHandler(logging.Handler):
    """Sends what is logged as an error; a report that fails costs no log line."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        import sentry_sdk

        if record.name.startswith("sentry_sdk"):
            return
        sentry_sdk.capture_event(_event_of(record))


def _event_of(record: logging.LogRecord) -> "Event":
    from sentry_sdk.utils import event_from_exception

    fields = record.msg if isinstance(record.msg, Mapping) else {}
    event: Event = {}
    fault = _fault_of(record, fields)
    if fault is not None:
        event, _ = event_from_exception(fault)
    # Of a library's line the template, not what was filled in.
    event["message"] = redact_text(str(fields.get("event", record.msg)))
    event["level"] = "fatal" if record.levelno >= logging.CRITICAL else "error"
    event["logger"] = record.name
    sent = {key: redact_text(str(fields[key])) for key in sorted(_SENT_FIELDS & fields.keys())}
    event["extra"] = cast("dict[str, object]", sent)
    correlation_id = current_correlation_id()
    if correlation_id is not None:
        event["tags"] = {"correlation_id": correlation_id}
    return event


def _fault_of(record: logging.LogRecord, fields: Mapping[str, Any]) -> BaseException | None:
    """Return the exception of a line: structlog keeps it in the fields, libraries in the record."""
    found = fields.get("exc_info") or record.exc_info
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        return cast("BaseException | None", found[1])
    return sys.exc_info()[1] if found else None


def _strip(event: "Event", _hint: "Hint") -> "Event":
    """Leave kind and stack of exceptions, whoever made the event."""
    faults = cast("dict[str, Any]", event.get("exception") or {})
    for fault in faults.get("values") or []:
        fault["value"] = ""
        for frame in (fault.get("stacktrace") or {}).get("frames") or []:
            frame.pop("vars", None)
    for key in ("request", "user", "breadcrumbs", "modules"):
        event.pop(key, None)  # type: ignore[misc]  # keys of a TypedDict, by name
    return event


def _leave_quietly(_pending: int, _timeout: float) -> None:
    """Say nothing at exit: the SDK's own words would go to stderr beside our lines."""
