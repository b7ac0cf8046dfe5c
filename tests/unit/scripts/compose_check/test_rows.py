"""Rows stand on those before them, and one that does not hold makes the check red."""

import pytest

from scripts.compose_check.rows import FAILED, LEFT_OUT, OK, CheckError, Row, held, run_rows, table


def fail() -> str:
    raise CheckError("no such image\nall that was printed")


def stumble() -> str:
    raise KeyError("finished_at")


def test_a_failed_row_leaves_out_those_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    rows = run_rows([("build", lambda: "built"), ("up", fail), ("page", lambda: "")])
    assert [(row.name, row.result) for row in rows] == [
        ("build", OK),
        ("up", FAILED),
        ("page", LEFT_OUT),
    ]
    assert rows[1].note == "no such image"
    assert "all that was printed" in capsys.readouterr().out


def test_a_fault_of_the_check_itself_is_red(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = run_rows([("samples", stumble)])
    assert row.result == FAILED
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("results", "good"),
    [((OK, OK), True), ((OK, FAILED), False), ((OK, LEFT_OUT), False), ((), False)],
)
def test_holds_only_with_every_row(results: tuple[str, ...], good: bool) -> None:
    assert held([Row("one", 1.0, result) for result in results]) is good


def test_the_table_says_how_long_each_took() -> None:
    shown = table([Row("build", 61.4, OK, "a | b")])
    assert shown.splitlines()[-1] == "| build | 61 | ok | a \\| b |"
