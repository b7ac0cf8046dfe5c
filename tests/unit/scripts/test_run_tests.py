"""The runner of all tiers never calls a broken run a good one."""

from pathlib import Path

import pytest

from scripts.run_tests import TIERS, Outcome, Tier, conclude, read_counts

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
        assert "left out: chromium is not installed" in capsys.readouterr().out

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

    @pytest.mark.parametrize(("name", "beside"), [("browser", "e2e"), ("pgbouncer", "integration")])
    def test_what_may_be_left_out_runs_in_one_tier_only(self, name: str, beside: str) -> None:
        tiers = {tier.name: tier for tier in TIERS}
        (path,) = tiers[name].paths
        assert tiers[name].needs
        assert f"--ignore={path}" in tiers[beside].options

    def test_keep_torch_and_tensorflow_apart(self) -> None:
        mixed = [
            tier.name
            for tier in TIERS
            if {"tests/model/vision", "tests/model/trainer"} <= set(tier.paths)
        ]
        assert mixed == []
