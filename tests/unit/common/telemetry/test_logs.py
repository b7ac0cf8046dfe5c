"""Log lines as a collector reads them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.common.telemetry import configure_logging, correlated, get_logger
from services.common.telemetry_settings import TelemetrySettings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logging(TelemetrySettings(), service="api", stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class TestJson:
    def test_says_what_where_and_when(self, stream: io.StringIO) -> None:
        get_logger("hfer.jobs").info("job.closed", job="job_1", photos=3)
        (line,) = lines(stream)
        assert line.pop("timestamp").endswith("Z")
        assert line == {
            "event": "job.closed",
            "job": "job_1",
            "photos": 3,
            "level": "info",
            "logger": "hfer.jobs",
            "service": "api",
        }

    def test_takes_lines_of_libraries_the_same_way(self, stream: io.StringIO) -> None:
        extra = {"color_message": "port \x1b[36m%d\x1b[0m busy"}
        logging.getLogger("uvicorn.error").warning("port %d busy", 80, extra=extra)
        (line,) = lines(stream)
        assert "color_message" not in line
        assert (line["event"], line["level"], line["service"]) == ("port 80 busy", "warning", "api")

    def test_writes_a_traceback_into_the_line(self, stream: io.StringIO) -> None:
        try:
            raise ValueError("odd photo")  # noqa: TRY301 - the traceback is the matter
        except ValueError:
            get_logger("x").exception("photo.failed")
        (line,) = lines(stream)
        assert "ValueError: odd photo" in line["exception"]

    def test_survives_values_that_json_does_not_know(self, stream: io.StringIO) -> None:
        get_logger("x").info("seen", item=b"\x00", kind=ValueError)
        assert len(lines(stream)) == 1

    def test_leaves_out_what_lies_below_the_level(self, stream: io.StringIO) -> None:
        get_logger("x").debug("noise")
        assert lines(stream) == []

    def test_leaves_out_what_a_library_says_of_every_request(self, stream: io.StringIO) -> None:
        logging.getLogger("uvicorn.access").info("GET /healthz")
        assert lines(stream) == []

    def test_a_second_call_replaces_the_first(self, stream: io.StringIO) -> None:
        second = io.StringIO()
        configure_logging(TelemetrySettings(), service="worker", stream=second)
        get_logger("x").info("once")
        assert lines(stream) == []
        assert [line["service"] for line in lines(second)] == ["worker"]


class TestConsole:
    def test_is_for_eyes(self) -> None:
        stream = io.StringIO()
        configure_logging(TelemetrySettings(format="console"), service="api", stream=stream)
        get_logger("x").info("job.closed", photos=3)
        assert "job.closed" in stream.getvalue()
        assert "photos=3" in stream.getvalue()
        assert "\x1b[" not in stream.getvalue()


class TestCorrelation:
    def test_stands_in_every_line_of_the_block(self, stream: io.StringIO) -> None:
        with correlated("req-1"):
            get_logger("x").info("outer")
            with correlated("req-2"):
                logging.getLogger("library").warning("inner")
            get_logger("x").info("outer again")
        get_logger("x").info("after")
        assert [line.get("correlation_id") for line in lines(stream)] == [
            "req-1",
            "req-2",
            "req-1",
            None,
        ]


class TestSecrets:
    @pytest.mark.parametrize(
        "fields",
        [
            {"password": "hunter22"},
            {"headers": {"Authorization": "Bearer hunter22"}},
            {"url": "postgresql+psycopg://hfer:hunter22@db/hfer"},
            {"urls": ["redis://:hunter22@r/0"]},
            {"detail": "key hfer_live_hunter22hunter22 is revoked"},
            {"nested": {"secret_key": "hunter22"}},
        ],
    )
    def test_never_reach_the_line(self, stream: io.StringIO, fields: dict[str, Any]) -> None:
        get_logger("x").info("config.read", **fields)
        assert "hunter22" not in stream.getvalue()
        assert "[redacted]" in stream.getvalue()

    def test_are_blanked_in_tracebacks_of_libraries(self, stream: io.StringIO) -> None:
        try:
            raise ConnectionError("redis://hfer:hunter22@127.0.0.1/0")  # noqa: TRY301 - as redis-py
        except ConnectionError:
            logging.getLogger("kombu").exception("lost redis://hfer:hunter22@127.0.0.1/0")
        assert "hunter22" not in stream.getvalue()
        assert "127.0.0.1/0" in stream.getvalue()

    def test_what_is_no_secret_stays(self, stream: io.StringIO) -> None:
        get_logger("x").info("photo.stored", object_key="photos/ab/cd", idempotency_key="k1")
        (line,) = lines(stream)
        assert (line["object_key"], line["idempotency_key"]) == ("photos/ab/cd", "k1")
