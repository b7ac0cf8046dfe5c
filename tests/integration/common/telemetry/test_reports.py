"""What really reaches a Sentry: a process of its own, a server on loopback that keeps all bytes."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.paths import REPOSITORY

PHOTO = "grandmother at the lake.jpg"
KEY = "hfer_prod_" + "q" * 32

# Reports of a process: a line of ours with an exception that quotes a row, one of a library, a
# crash. PHOTO and KEY are variables of the frames as well.
PROGRAM = """
import logging, sys
from services.common.telemetry_settings import TelemetrySettings
from services.common.telemetry import configure_logging, correlated, get_logger

photo, key = sys.argv[2:]
configure_logging(TelemetrySettings(sentry_dsn=sys.argv[1]), service="worker")
log = get_logger("hfer.test")
with correlated("req-1"):
    try:
        raise ValueError(f"[parameters: {photo!r}, {key}]")
    except ValueError:
        log.exception("analyse.failed", job="job_1", filename=photo, reason=f"bearer {key}")
log.warning("not.sent", job="job_2")
logging.getLogger("library").error("lost %s", photo)
raise RuntimeError(photo)
"""


class Sentry:
    """The server, with what it was told."""

    def __init__(self) -> None:
        self.raw = b""
        self.events: list[dict[str, Any]] = []
        self.dsn = ""


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    seen = Sentry()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            seen.raw += body
            lines = [json.loads(line) for line in body.splitlines() if line.startswith(b"{")]
            heads, payloads = lines[1::2], lines[2::2]
            seen.events += [
                payload
                for head, payload in zip(heads, payloads, strict=True)
                if head["type"] == "event"
            ]
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.dsn = f"http://public@127.0.0.1:{server.server_address[1]}/1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()


def test_reports_errors_without_names_keys_or_variables(sentry: Sentry) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, sentry.dsn, PHOTO, KEY],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    ours, library, crash = sentry.events
    assert (ours["message"], ours["level"], ours["logger"]) == (
        "analyse.failed",
        "error",
        "hfer.test",
    )
    assert ours["tags"] == {"correlation_id": "req-1", "service": "worker"}
    assert ours["extra"]["job"] == "job_1"
    assert ours["exception"]["values"][0]["type"] == "ValueError"
    assert ours["exception"]["values"][0]["stacktrace"]["frames"]
    assert library["message"] == "lost %s"
    assert crash["exception"]["values"][0]["type"] == "RuntimeError"
    for secret in ("grandmother", "lake", "q" * 32):
        assert secret not in sentry.raw.decode()


def test_imports_neither_sdk_while_both_are_off() -> None:
    program = (
        "import sys\n"
        "from services.common.telemetry_settings import TelemetrySettings\n"
        "from services.common.telemetry import build_tracing, configure_logging\n"
        "configure_logging(TelemetrySettings(), service='api')\n"
        "build_tracing(TelemetrySettings(), service='api')\n"
        "import services.api.app, services.worker.runtime\n"
        # redis-py 8 imports OpenTelemetry's API and metrics by itself where they are installed.
        "heads = 'sentry_sdk', *(f'opentelemetry.{part}' for part in sys.argv[1:])\n"
        "print([name for name in sys.modules if name.startswith(heads)])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, "sdk.trace", "exporter", "instrumentation", "proto"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
