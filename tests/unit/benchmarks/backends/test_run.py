"""When a row falls short."""

import json
from pathlib import Path

import pytest

from benchmarks.backends.run import Result, errors_in

TRACEBACK = "Traceback (most recent call last):"


@pytest.mark.parametrize(
    ("answered", "errors", "holds"), [(3, [], True), (2, [], False), (3, ["api: …"], False)]
)
def test_every_photo_needs_an_answer_and_no_log_an_error(
    answered: int, errors: list[str], *, holds: bool
) -> None:
    assert Result("row", photos=3, answered=answered, errors=errors).holds is holds


def test_errors_are_those_lines_of_our_processes_and_tracebacks(tmp_path: Path) -> None:
    lines = {
        "api": [json.dumps({"level": "warning", "event": "readiness.red"}), "INFO: started"],
        "maintenance": [json.dumps({"level": "critical", "event": "loop.dead"})],
        "worker": [TRACEBACK, json.dumps({"level": "info", "event": "job.closed"})],
        "postgres": [json.dumps({"level": "error"})],
    }
    for name, content in lines.items():
        (tmp_path / f"{name}.log").write_text("\n".join(content))
    maintenance, worker = errors_in(tmp_path)
    assert "loop.dead" in maintenance
    assert worker == f"worker: {TRACEBACK}"
