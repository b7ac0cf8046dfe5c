"""A collector that accepts and never answers costs a stop a few seconds, whatever is queued."""

import socket
import time

from services.common.telemetry import build_tracing
from services.common.telemetry_settings import TelemetrySettings

# Four requests of the exporter, each of which waits as long as closing may.
SPANS = 2_048
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_closing_does_not_wait_for_every_batch() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts for it
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        tracing = build_tracing(TelemetrySettings(otlp_endpoint=endpoint), service="worker")
        for number in range(SPANS):
            tracing.begin(f"chunk {number}", parent=PARENT).end()
        begun = time.monotonic()
        tracing.close()
        took = time.monotonic() - begun
    assert took < 10
