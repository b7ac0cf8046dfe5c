"""The port at which Prometheus reads a process that serves no HTTP of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from services.common.domain.errors import HferError
from services.common.telemetry_settings import TelemetrySettings


class MetricsPortError(HferError):
    """The port is taken, as by a second process on the same host."""

    code = "metrics-port"


@contextmanager
def serve_metrics(settings: TelemetrySettings, registry: CollectorRegistry) -> Iterator[None]:
    """Serve ``/metrics`` from a thread until the block ends; do nothing without a port.

    Raises:
        MetricsPortError: the port is taken.
    """
    close = open_metrics(settings, registry)
    try:
        yield
    finally:
        close()


def open_metrics(settings: TelemetrySettings, registry: CollectorRegistry) -> Callable[[], None]:
    """Serve ``/metrics`` until the function that this returns is called.

    Raises:
        MetricsPortError: the port is taken.
    """
    if settings.metrics_port is None:
        return lambda: None
    host, port = settings.metrics_host, settings.metrics_port
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise MetricsPortError(
            f"Metrics cannot be served at {host}:{port} ({error.strerror}); give each process"
            " of a host its own HFER_TELEMETRY__METRICS_PORT."
        ) from error

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return close
