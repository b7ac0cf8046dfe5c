"""The runner of all tiers never calls a broken run a good one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts.run_tests import (
    TIERS,
    Outcome,
    Run,
    Tier,
    conclude,
    progress,
    read_counts,
    run_side_by_side,
)
from tests.fixtures.fleet import wait_until

GOOD = {"passed": 3, "failed": 0, "errors": 0, "skipped": 0}


def outcome(*, code: int = 0, **counts: int) -> Outcome:
    return Outcome("unit", code, 1.0, counts={**GOOD, **counts})


class TestConclude:
    def test_is_good_when_all_passed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert conclude([outcome(), outcome()], coverage_code=0, seconds=2) == 0
        result, closing = capsys.readouterr().out.splitlines()[-2:]
        assert result == "RESULT: everything passed"
        assert closing.strip("= ") == "6 passed in 2.00s"

    def test_says_what_was_left_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        tier = Tier("browser", ("x",), needs=("chromium",))
        assert conclude([outcome()], coverage_code=0, seconds=2, left_out=[tier]) == 0
        assert "left out: chromium is not there" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "bad",
        [
            outcome(code=1, failed=1),
            outcome(code=1),
            outcome(code=5, passed=0),
            outcome(passed=0),
            outcome(skipped=1),
            outcome(code=-11, errors=1),
        ],
        ids=["failed", "returned 1", "no tests", "ran nothing", "skipped", "crashed"],
    )
    def test_is_bad_when_one_tier_is(
        self, bad: Outcome, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert conclude([outcome(), bad], coverage_code=0, seconds=2) == 1
        assert "RESULT: FAILED" in capsys.readouterr().out

    def test_is_bad_below_the_coverage_limit(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert conclude([outcome()], coverage_code=2, seconds=2) == 1
        assert "coverage" in capsys.readouterr().out


class Lanes:
    """Starts runs that end when they were looked at so often, and notes what happens."""

    def __init__(self, **looks: int) -> None:
        self.looks = looks
        self.events: list[str] = []

    @property
    def tiers(self) -> list[Tier]:
        return [Tier(name, ("x",)) for name in self.looks]

    def start(self, tier: Tier) -> Run:
        self.events.append(f"start {tier.name}")
        return FakeRun(self, tier.name)


class FakeRun:
    def __init__(self, lanes: Lanes, name: str) -> None:
        self._lanes, self._name = lanes, name

    def poll(self) -> Outcome | None:
        self._lanes.looks[self._name] -= 1
        if self._lanes.looks[self._name] > 0:
            return None
        self._lanes.events.append(f"end {self._name}")
        return Outcome(self._name, 0, 1.0, counts=GOOD)

    def output(self) -> str:
        return f"said by {self._name}"

    def interrupt(self) -> None:
        self._lanes.events.append(f"interrupt {self._name}")

    def wait(self) -> None:
        self._lanes.events.append(f"wait {self._name}")


class Interrupted(FakeRun):
    def poll(self) -> Outcome | None:
        raise KeyboardInterrupt


class TestRunSideBySide:
    def test_starts_the_next_tier_when_a_lane_is_free(self) -> None:
        lanes = Lanes(a=3, b=1, c=1)
        outcomes = run_side_by_side(lanes.tiers, lanes=2, start=lanes.start)
        assert lanes.events == ["start a", "start b", "end b", "start c", "end c", "end a"]
        assert [outcome.tier for outcome in outcomes] == ["b", "c", "a"]

    def test_runs_one_after_the_other_in_one_lane(self) -> None:
        lanes = Lanes(a=2, b=1)
        run_side_by_side(lanes.tiers, lanes=1, start=lanes.start)
        assert lanes.events == ["start a", "end a", "start b", "end b"]

    def test_prints_what_a_tier_said_as_one_piece(self, capsys: pytest.CaptureFixture[str]) -> None:
        lanes = Lanes(a=2, b=1)
        run_side_by_side(lanes.tiers, lanes=2, start=lanes.start)
        told = [line for line in capsys.readouterr().out.splitlines() if line]
        assert told == ["--- b ---", "said by b", "--- a ---", "said by a"]

    def test_when_interrupted_starts_no_other_and_lets_the_running_stop_their_servers(self) -> None:
        lanes = Lanes(a=1, b=1)
        with pytest.raises(KeyboardInterrupt):
            run_side_by_side(lanes.tiers, lanes=1, start=lambda tier: Interrupted(lanes, tier.name))
        assert lanes.events == ["interrupt a", "wait a"]


RUNNER = """
from scripts.run_tests import REPORTS, Tier, listen_to_signals, run_side_by_side

listen_to_signals()
REPORTS.mkdir(parents=True)
run_side_by_side([Tier("endless", ("test_endless.py",))], lanes=1)
"""
ENDLESS = """
import os, time
from pathlib import Path

def test_endless():
    Path("starting").write_text(str(os.getpid()))
    Path("starting").rename("started")
    try:
        time.sleep(600)
    finally:
        Path("stopped").touch()
"""
ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]


class TestPytestRun:
    @pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
    def test_ends_in_order_with_its_runner_however_that_ends(
        self, number: signal.Signals, tmp_path: Path
    ) -> None:
        (tmp_path / "test_endless.py").write_text(ENDLESS)
        runner = subprocess.Popen(
            [sys.executable, "-c", RUNNER],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stderr=subprocess.DEVNULL,
        )
        wait_until((tmp_path / "started").exists, timeout_s=240, what="a test that runs")
        pytest_pid = int((tmp_path / "started").read_text())
        runner.send_signal(number)
        assert runner.wait(240) != 0
        wait_until(lambda: has_ended(pytest_pid), timeout_s=240, what="the end of the tier")
        assert (tmp_path / "stopped").exists()


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that nobody has reaped yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class TestProgress:
    @pytest.mark.parametrize(
        ("output", "told"),
        [
            ("", "unit: 0 done"),
            ("bringing up nodes...\n..F.s", "unit: 5 done"),
            (f"{'.' * 72} [ 2%]\n{'.' * 8}", "unit: 80 done"),
            ("...  [100%]\n==== FAILURES ====\nE   assert False\n.coverage\n", "unit: 3 done"),
        ],
    )
    def test_counts_the_tests_that_are_done(self, output: str, told: str) -> None:
        class Said(FakeRun):
            def output(self) -> str:
                return output

        assert progress({"unit": Said(Lanes(), "unit")}) == told


class TestReadCounts:
    def test_sums_a_report(self, tmp_path: Path) -> None:
        report = tmp_path / "unit.xml"
        report.write_text(
            '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="1"/></testsuites>'
        )
        assert read_counts(report) == {"passed": 5, "failed": 2, "errors": 1, "skipped": 1}

    def test_a_missing_report_is_an_error(self, tmp_path: Path) -> None:
        assert read_counts(tmp_path / "none.xml")["errors"] == 1


class TestTiers:
    def test_hold_every_folder_of_tests(self) -> None:
        tests = Path(__file__).parents[2]
        files = {path.relative_to(tests.parent) for path in tests.rglob("test_*.py")}
        held = {
            file
            for tier in TIERS
            for path in tier.paths
            for file in files
            if file.is_relative_to(path)
        }
        assert files == held

    def test_one_that_needs_what_is_not_there_is_not_possible(self) -> None:
        assert Tier("t", ("x",)).possible
        assert Tier("t", ("x",), needs=("no-such-program", "sh")).possible
        assert not Tier("t", ("x",), needs=("no-such-program",)).possible

    @pytest.mark.parametrize(
        ("name", "beside"), [("browser", "e2e"), ("pgbouncer", "integration"), ("egress", "fault")]
    )
    def test_what_may_be_left_out_runs_in_one_tier_only(self, name: str, beside: str) -> None:
        tiers = {tier.name: tier for tier in TIERS}
        (path,) = tiers[name].paths
        assert tiers[name].needs
        assert f"--ignore={path}" in tiers[beside].options

    def test_a_training_run_is_in_one_tier_only(self) -> None:
        tiers = {tier.name: tier for tier in TIERS}
        ignored = {f"--ignore={path}" for path in tiers["training-runs"].paths}
        assert set(tiers["model-tensorflow"].options) == ignored
        assert all(Path(path).is_file() for path in tiers["training-runs"].paths)

    def test_keep_torch_and_tensorflow_apart(self) -> None:
        folders = ("tests/model/vision", "tests/model/trainer")
        mixed = [
            tier.name
            for tier in TIERS
            if all(any(path.startswith(folder) for path in tier.paths) for folder in folders)
        ]
        assert mixed == []
