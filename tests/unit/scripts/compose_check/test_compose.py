"""What Compose shows of containers is read in the forms of its versions, and judged."""

import json

import pytest

from scripts.compose_check.compose import Container, read_ps
from scripts.compose_check.crashes import in_order

SHOWN = {
    "ID": "4f2a",
    "Name": "hfer-api-1",
    "Service": "api",
    "State": "running",
    "Health": "healthy",
    "ExitCode": 0,
}
API = Container("4f2a", "hfer-api-1", "api", "running", "healthy", 0)


def container(service: str, state: str = "running", health: str = "", code: int = 0) -> Container:
    return Container(f"id-{service}", f"hfer-{service}-1", service, state, health, code)


@pytest.mark.parametrize(
    "text", [json.dumps([SHOWN, SHOWN]), f"{json.dumps(SHOWN)}\n{json.dumps(SHOWN)}\n"]
)
def test_reads_a_list_and_lines(text: str) -> None:
    assert read_ps(text) == [API, API]


def test_reads_that_there_are_none() -> None:
    assert read_ps("") == read_ps("[]") == []


@pytest.mark.parametrize(
    ("told", "once", "fault"),
    [
        (container("api", health="healthy"), False, ""),
        (container("api", health="starting"), False, "hfer-api-1 running starting"),
        (container("api", "restarting"), False, "hfer-api-1 restarting"),
        (container("api", "exited", code=3), False, "hfer-api-1 exited"),
        (container("migrate", "exited"), True, ""),
        (container("migrate", "exited", code=1), True, "hfer-migrate-1 exited (1)"),
        (container("migrate"), True, "hfer-migrate-1 running (0)"),
    ],
)
def test_says_what_is_not_well(told: Container, once: bool, fault: str) -> None:
    assert told.fault(once=once) == fault


def test_those_that_hold_the_job_are_killed_first_and_the_ended_never() -> None:
    started = [container(name) for name in ("grafana", "api", "postgres", "worker-cpu")]
    order = in_order([*started, container("migrate", "exited")])
    assert [each.service for each in order] == ["worker-cpu", "postgres", "api", "grafana"]
