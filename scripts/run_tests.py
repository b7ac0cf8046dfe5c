"""Run every tier of tests, each in a pytest of its own, and say what came of all together.

Two or three run side by side: those with servers mostly wait, and leave the cores to those that
compute.
What a tier says is printed when it ends; until then it can be read in build/reports/TIER.log.

The tiers that hold torch and tensorflow never share a process: tensorflow imported before
torch ends in a segfault (torch 2.14.1, tensorflow 2.21).
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol
from xml.etree import ElementTree as ET

REPORTS = Path("build/reports")
# The limit of pyproject.toml is for all covered tiers together, not for each.
COVERAGE = ("--cov=services", "--cov-report=", "--cov-fail-under=0")
# The largest two, TensorFlow beside a stack with its workers, take about 6 GiB; three were not
# measured, so hosts of CI with 16 keep to two. In two lanes a sixth of two cores lay idle while
# servers started and leases ran out.
TWO_LANES_GIB, THREE_LANES_GIB = 8, 20
_GIB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
LANES = 1 + (_GIB > TWO_LANES_GIB) + (_GIB > THREE_LANES_GIB)
POLL_S, PROGRESS_S = 0.2, 30
# How long a tier may take to stop its servers before it is killed.
STOP_S = 60.0


@dataclass(frozen=True)
class Tier:
    """A set of folders that one pytest runs.

    Attributes:
        name: of the tier and its report.
        paths: its folders.
        options: more pytest options.
        covered: whether it counts towards the coverage of services/.
        needs: programs, one of which must be there; else the tier is left out and that is said.
    """

    name: str
    paths: tuple[str, ...]
    options: tuple[str, ...] = ()
    covered: bool = False
    needs: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether this machine has what the tier needs."""
        return not self.needs or any(shutil.which(program) for program in self.needs)


@dataclass
class Outcome:
    """What a tier did; counts by pytest's words."""

    tier: str
    code: int
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether every test ran and passed; a skipped one did not run."""
        return self.code == 0 and self.counts.get("passed", 0) > 0 and not self.counts["skipped"]


PARALLEL = ("-n", "2", "--dist", "loadfile")
# As tests/e2e/web/conftest.py looks for them.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As tests/fixtures/pgbouncer.py and tests/fault/test_egress.py look for them; make writes them.
PGBOUNCER = str(Path(sys.executable).with_name("pgbouncer"))
CLOSED_NETWORK = str(Path(sys.executable).with_name("closed-network"))
BEHIND_PGBOUNCER = "tests/integration/common/db/test_pgbouncer.py"
EGRESS = "tests/fault/test_egress.py"
# Networks of real size, and trainings in processes of their own. Their coverage is not measured: it
# takes two fifths more CPU where TensorFlow builds graphs.
TRAINING_RUNS = tuple(
    f"tests/model/trainer/test_{name}.py"
    for name in ("presets", "backbones", "kill", "determinism", "two_devices")
)
# In the order of their starts: the longest first, so that none is left to run alone at the end,
# and last the one that keeps both cores busy by itself.
TIERS = (
    Tier("training-runs", TRAINING_RUNS),
    Tier("e2e", ("tests/e2e",), ("--ignore=tests/e2e/web",)),
    Tier("fault", ("tests/fault",), (f"--ignore={EGRESS}",)),
    Tier(
        "integration",
        ("tests/integration",),
        (*PARALLEL, f"--ignore={BEHIND_PGBOUNCER}"),
        covered=True,
    ),
    Tier(
        "model-tensorflow",
        ("tests/model/trainer",),
        tuple(f"--ignore={path}" for path in TRAINING_RUNS),
        covered=True,
    ),
    Tier("browser", ("tests/e2e/web",), needs=BROWSERS),
    Tier("egress", (EGRESS,), needs=(CLOSED_NETWORK,)),
    Tier("pgbouncer", (BEHIND_PGBOUNCER,), needs=(PGBOUNCER,)),
    Tier("model-torch", ("tests/model/vision",)),
    Tier("unit", ("tests/unit", "tests/architecture"), PARALLEL, covered=True),
)


def main() -> int:
    """Run the chosen tiers, all by default; 0 when every test passed and coverage holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [tier.name for tier in TIERS]
    parser.add_argument("tiers", nargs="*", help=f"of {', '.join(names)}; all when none is named")
    parser.add_argument("--lanes", type=int, default=LANES, help="how many run side by side")
    arguments = parser.parse_args()
    chosen = arguments.tiers or names
    if unknown := set(chosen) - set(names):
        parser.error(f"unknown tiers: {', '.join(sorted(unknown))}")
    listen_to_signals()
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in Path().glob(".coverage*"):
        old.unlink()
    started = time.monotonic()
    wanted = [tier for tier in TIERS if tier.name in chosen]
    possible = [tier for tier in wanted if tier.possible]
    outcomes = run_side_by_side(possible, lanes=arguments.lanes)
    left_out = [tier for tier in wanted if not tier.possible]
    covered = {tier.name for tier in TIERS if tier.covered} <= set(chosen)
    coverage_code = report_coverage() if covered else 0
    seconds = time.monotonic() - started
    return conclude(outcomes, coverage_code=coverage_code, seconds=seconds, left_out=left_out)


def listen_to_signals() -> None:
    """Make SIGTERM and a closed terminal end us as Ctrl-C does, and the tiers with us."""
    # Set anew: a shell starts its background jobs with SIGINT ignored, and they would inherit it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _as_ctrl_c)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else nohup started us
        signal.signal(signal.SIGHUP, _as_ctrl_c)


def _as_ctrl_c(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


class Run(Protocol):
    """A tier that was started."""

    def poll(self) -> Outcome | None:
        """Return what came of it once it has ended."""

    def output(self) -> str:
        """Return what it has said so far."""

    def interrupt(self) -> None:
        """Ask it to end as Ctrl-C would."""

    def wait(self) -> object:
        """Wait for its end."""


class PytestRun:
    """A tier in a pytest of its own, which was started now and writes to a file.

    It leads a process group, so that all of it can be told to end, and asks the kernel for a
    Ctrl-C when the runner dies: a killed runner left its pytests running.
    """

    def __init__(self, tier: Tier) -> None:
        """Start it."""
        self._tier = tier
        self._log, self._report = (REPORTS / f"{tier.name}.{kind}" for kind in ("log", "xml"))
        self._report.unlink(missing_ok=True)
        self._started = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(("setpriv", "--pdeathsig", "INT", "--") if shutil.which("setpriv") else ()),
                    *(sys.executable, "-m", "pytest", "-q", *tier.paths, *tier.options),
                    *(*(COVERAGE if tier.covered else ()), f"--junit-xml={self._report}"),
                ],
                env={**os.environ, "COVERAGE_FILE": f".coverage.{tier.name}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def poll(self) -> Outcome | None:
        """Return what came of it once it has ended."""
        code = self._process.poll()
        if code is None:
            return None
        seconds = time.monotonic() - self._started
        return Outcome(self._tier.name, code, seconds, counts=read_counts(self._report))

    def output(self) -> str:
        """Return what it has said so far."""
        return self._log.read_text(errors="replace")

    def interrupt(self) -> None:
        """Ask it to end as Ctrl-C would: pytest stops its servers then, and not on SIGTERM."""
        self._signal(signal.SIGINT)

    def wait(self) -> object:
        """Wait for its end; kill what is left of it after a minute, or at a second Ctrl-C."""
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def run_side_by_side(
    tiers: Sequence[Tier], *, lanes: int, start: Callable[[Tier], Run] = PytestRun
) -> list[Outcome]:
    """Run tiers in order, so many at a time, and print the output of each when it has ended."""
    waiting, running, outcomes = list(tiers), dict[str, Run](), list[Outcome]()
    started = told = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < lanes:
                tier = waiting.pop(0)
                running[tier.name] = start(tier)
            ended = {name: outcome for name, run in running.items() if (outcome := run.poll())}
            for name, outcome in ended.items():
                print(f"\n--- {name} ---\n{running.pop(name).output()}", flush=True)
                outcomes.append(outcome)
            if (now := time.monotonic()) - told > PROGRESS_S:
                told = now
                print(f"{now - started:7.0f} s  {progress(running)}", flush=True)
            time.sleep(0 if ended else POLL_S)
    finally:
        for run in running.values():
            run.interrupt()
        for run in running.values():
            run.wait()
    return outcomes


def progress(running: dict[str, Run]) -> str:
    """Say how many tests each tier has done: pytest writes a letter or a dot for each."""
    letters = re.compile(r"^[.FEsxX]+(?=\s*(?:\[|$))", re.MULTILINE)
    counts = {name: sum(map(len, letters.findall(run.output()))) for name, run in running.items()}
    return ", ".join(f"{name}: {count} done" for name, count in counts.items())


def read_counts(report: Path) -> dict[str, int]:
    """Sum a JUnit report; a tier that left none, because it crashed, counts one error."""
    counts = dict.fromkeys(("passed", "failed", "errors", "skipped"), 0)
    if not report.exists():
        return {**counts, "errors": 1}
    for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - our own file
        failed, errors, skipped, total = (
            int(suite.get(name, "0")) for name in ("failures", "errors", "skipped", "tests")
        )
        counts["failed"] += failed
        counts["errors"] += errors
        counts["skipped"] += skipped
        counts["passed"] += total - failed - errors - skipped
    return counts


def report_coverage() -> int:
    """Join the coverage of all tiers and print it; not 0 below the limit in pyproject.toml."""
    print("\n--- coverage of services/ by unit, integration and TensorFlow tests ---", flush=True)
    coverage = (sys.executable, "-m", "coverage")
    subprocess.run([*coverage, "combine", "--quiet"], check=True)
    return subprocess.run([*coverage, "report"], check=False).returncode


def conclude(
    outcomes: list[Outcome], *, coverage_code: int, seconds: float, left_out: Sequence[Tier] = ()
) -> int:
    """Print a line per tier and one for all; return the code for the shell."""
    print("\n--- all tiers ---")
    for outcome in outcomes:
        verdict = "ok" if outcome.good else f"FAILED (pytest returned {outcome.code})"
        counts = ", ".join(f"{n} {word}" for word, n in outcome.counts.items() if n)
        print(f"{outcome.tier:<18}{outcome.seconds:7.0f} s  {verdict}: {counts or 'no tests'}")
    for tier in left_out:
        print(f"{tier.name:<18}      -    left out: {tier.needs[0]} is not there")
    if coverage_code:
        print("coverage                      FAILED: below the limit")
    words = ("failed", "passed", "skipped", "errors")
    totals = {word: sum(outcome.counts[word] for outcome in outcomes) for word in words}
    summary = ", ".join(f"{n} {word}" for word, n in totals.items() if n or word == "passed")
    good = coverage_code == 0 and all(outcome.good for outcome in outcomes)
    print("RESULT: everything passed" if good else "RESULT: FAILED, see above")
    print(f"{'=' * 20} {summary} in {seconds:.2f}s {'=' * 20}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
