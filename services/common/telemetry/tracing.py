"""Traces, opt-in by ``HFER_TELEMETRY__OTLP_ENDPOINT``: without it no SDK is imported."""

from services.common.telemetry.spans import NoTracing, Tracing
from services.common.telemetry_settings import TelemetrySettings


def build_tracing(settings: TelemetrySettings, *, service: str) -> Tracing:
    """Build the tracer of a process; in one that forks, call it after the fork.

    Args:
        settings: endpoint and sampling.
        service: ``api``, ``worker``: traces name it ``hfer-api``.
    """
    if settings.otlp_endpoint is None:
        return NoTracing()
    from services.common.telemetry.otlp import OtlpTracing  # the SDK costs 100 ms and 20 MB

    return OtlpTracing(settings.otlp_endpoint, ratio=settings.trace_ratio, service=service)
