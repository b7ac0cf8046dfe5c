"""Progress without a terminal: few lines, no control codes."""

import io

import pytest
from rich.console import Console

from hfer.cli.progress import analysis_bar, download_bar, upload_bar
from hfer.models import Counts, JobState

STATE = JobState(
    status="running", counts=Counts(total=5_000, running=4_997, failed=3), eta_seconds=95
)


class Clock:
    """A second passes each time it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A log file in CI, where colours were asked for."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    return Console(file=io.StringIO(), width=60)


def written(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_short_job_says_nothing(log: Console) -> None:
    with analysis_bar(log, quiet=False, clock=Clock()) as show:
        for _ in range(5):
            show(STATE)
    assert written(log) == []


def test_a_long_job_says_how_far_it_is_ever_more_rarely(log: Console) -> None:
    with analysis_bar(log, quiet=False, clock=Clock()) as show:
        for _ in range(2_000):
            show(STATE)
    lines = written(log)
    assert set(lines) == {"analysing: 3 of 5,000 photos, 3 failed, about 1:35 left"}
    assert 10 < len(lines) < 60


def test_uploads_and_downloads_tell_too(log: Console) -> None:
    with upload_bar(log, quiet=False, clock=Clock()) as sent:
        for number in range(12):
            sent(number * 1_000_000, 12_000_000)
    with download_bar(log, total=12, quiet=False, clock=Clock()) as done:
        for _ in range(12):
            done()
    assert written(log) == ["uploading: 9 of 12 MB", "annotated: 10 of 12 photos"]


def test_quiet_is_quiet(log: Console) -> None:
    with analysis_bar(log, quiet=True, clock=Clock()) as show:
        for _ in range(100):
            show(STATE)
    assert written(log) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "moves"), [("xterm", True), ("dumb", False)])
def test_bars_are_for_terminals_that_can_move_them(kind: str, moves: bool) -> None:
    console = Console(file=Terminal(), width=80, force_terminal=True, _environ={"TERM": kind})
    with analysis_bar(console, quiet=False, clock=Clock()) as show:
        for _ in range(12):
            show(STATE)
    assert ("\x1b[" in "".join(written(console))) == moves
    assert moves or len(written(console)) == 1
