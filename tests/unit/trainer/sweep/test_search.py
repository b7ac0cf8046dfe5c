"""The search around made-up runs: a candidate's rate is its score."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from services.trainer.errors import RunError
from services.trainer.sweep.axes import Candidate
from services.trainer.sweep.outcome import Outcome, Status, Stopped
from services.trainer.sweep.plan import Measure, SweepPlan, Trial
from services.trainer.sweep.search import Search
from services.trainer.sweep.store import SweepStore
from tests.fixtures.trials import grid, measures, outcome, plan

RATES = "optim.lr=0.1:0.4:0.2:0.3"


class Runs:
    """A ``TrialRunner`` that needs ten seconds per run, and notes what it ran."""

    def __init__(self, *, lost: Mapping[tuple[float, int], Status] | None = None) -> None:
        self.lost = lost or {}
        self.ran: list[tuple[float, int, int]] = []
        self.seconds = 0.0
        self.left: list[float] = []

    def __call__(self, trial: Trial, *, max_seconds: float) -> Outcome | Stopped:
        rate = trial.candidate.config.optim.lr
        self.left.append(max_seconds)
        if max_seconds < 10:
            self.seconds += max_seconds
            return Stopped(reason="time_limit")
        self.seconds += 10
        self.ran.append((rate, trial.epochs, trial.seed))
        checkpoints = trial.folder / "checkpoints"
        assert checkpoints.exists() or not trial.rung, "a run that continues needs them"
        checkpoints.mkdir(parents=True, exist_ok=True)
        status = self.lost.get((rate, trial.epochs))
        changes = {"status": status, "measures": None} if status else {}
        score = rate + trial.rung / 10 + trial.seed / 100
        return outcome(trial.candidate, score, rung=trial.rung, seed=trial.seed, **changes)


class Silent:
    def __init__(self) -> None:
        self.rungs: list[tuple[int, int, int]] = []
        self.ended: list[int] = []

    def began_rung(self, *, rung: int, trials: int, done: int) -> None:
        self.rungs.append((rung, trials, done))

    def began_trial(self, trial: Trial) -> None:
        pass

    def ended_trial(self, trial: Trial, outcome: Outcome) -> None:
        assert trial.candidate.key == outcome.candidate

    def ended_rung(self, *, rung: int) -> None:
        self.ended.append(rung)


def session(
    folder: Path,
    runs: Callable[..., Outcome | Stopped],
    *,
    asked: SweepPlan | None = None,
    reporter: Silent | None = None,
    max_seconds: float = 1e9,
    interrupted: Callable[[], bool] = lambda: False,
    candidates: tuple[Candidate, ...] = grid(RATES),
) -> str | None:
    asked = asked or plan()
    clock = (lambda: runs.seconds) if isinstance(runs, Runs) else (lambda: 0.0)
    return Search(
        asked,
        candidates,
        store=SweepStore(folder, plan=asked, candidates=candidates),
        run_trial=runs,
        reporter=reporter or Silent(),
        max_seconds=max_seconds,
        interrupted=interrupted,
        clock=clock,
    ).run()


def stored(folder: Path) -> tuple[Outcome, ...]:
    return SweepStore(folder, plan=plan(), candidates=grid(RATES)).outcomes


WHOLE = [
    *((0.1, 1, 0), (0.4, 1, 0), (0.2, 1, 0), (0.3, 1, 0)),
    *((0.4, 2, 0), (0.3, 2, 0)),
    (0.4, 4, 0),
]


class TestHalving:
    def test_the_better_half_goes_on_from_rung_to_rung(self, tmp_path: Path) -> None:
        runs, reporter = Runs(), Silent()
        assert session(tmp_path, runs, reporter=reporter) is None
        assert runs.ran == WHOLE
        assert reporter.rungs == [(0, 4, 0), (1, 2, 0), (2, 1, 0)]
        assert reporter.ended == [0, 1, 2]

    def test_a_lower_likelihood_loss_is_better(self, tmp_path: Path) -> None:
        def flattered(trial: Trial, *, max_seconds: float) -> Outcome:
            del max_seconds
            rate = trial.candidate.config.optim.lr
            return outcome(trial.candidate, 0.5, rung=trial.rung, measures=measures(0.5, nll=rate))

        asked = plan(rungs=(1, 2), keep=0.25, by=Measure.NLL)
        session(tmp_path, flattered, asked=asked)
        (last,) = [
            one
            for one in SweepStore(tmp_path, plan=asked, candidates=grid(RATES)).outcomes
            if one.rung == 1
        ]
        assert last.candidate == grid(RATES)[0].key

    def test_one_rung_is_a_comparison(self, tmp_path: Path) -> None:
        runs = Runs()
        session(tmp_path, runs, asked=plan(rungs=(5,)))
        assert runs.ran == [(rate, 5, 0) for rate in (0.1, 0.4, 0.2, 0.3)]

    def test_only_who_is_out_loses_its_checkpoints(self, tmp_path: Path) -> None:
        session(tmp_path, Runs())
        kept = [path.parent.parent.name for path in tmp_path.rglob("checkpoints")]
        assert kept == [grid(RATES)[1].key]

    def test_a_comparison_keeps_all_checkpoints(self, tmp_path: Path) -> None:
        session(tmp_path, Runs(), asked=plan(rungs=(5,)))
        assert len(list(tmp_path.rglob("checkpoints"))) == 4

    def test_the_mean_over_seeds_decides(self, tmp_path: Path) -> None:
        def lucky(trial: Trial, *, max_seconds: float) -> Outcome:
            del max_seconds
            rate = trial.candidate.config.optim.lr
            # 0.1 is best once, and worst on average.
            score = 1.0 if (rate, trial.seed) == (0.1, 0) else 2 * rate
            return outcome(trial.candidate, score, rung=trial.rung, seed=trial.seed)

        asked = plan(rungs=(1, 2), keep=0.25, seeds=3)
        session(tmp_path, lucky, asked=asked)
        outcomes = SweepStore(tmp_path, plan=asked, candidates=grid(RATES)).outcomes
        assert len(outcomes) == 12 + 3
        assert {one.candidate for one in outcomes if one.rung == 1} == {grid(RATES)[1].key}
        assert {one.seed for one in outcomes} == {0, 1, 2}


class TestBudget:
    def test_goes_on_where_it_stood_and_does_nothing_twice(self, tmp_path: Path) -> None:
        runs = Runs()
        assert session(tmp_path, runs, max_seconds=25) == "time_limit"
        assert (runs.ran, runs.left) == (WHOLE[:2], [25, 15, 5])
        assert session(tmp_path, runs, max_seconds=25) == "time_limit"
        assert session(tmp_path, runs, max_seconds=25) == "time_limit"
        reporter = Silent()
        assert session(tmp_path, runs, max_seconds=25, reporter=reporter) is None
        assert runs.ran == WHOLE
        assert reporter.rungs == [(2, 1, 0)]
        assert session(tmp_path / "whole", Runs()) is None
        assert stored(tmp_path) == stored(tmp_path / "whole")

    def test_begins_no_run_when_the_time_is_over(self, tmp_path: Path) -> None:
        runs = Runs()
        assert session(tmp_path, runs, max_seconds=20) == "time_limit"
        assert len(runs.left) == 2

    def test_an_interruption_stops_between_runs(self, tmp_path: Path) -> None:
        runs = Runs()
        assert session(tmp_path, runs, interrupted=lambda: len(runs.ran) == 3) == "interrupted"
        assert runs.ran == WHOLE[:3]
        assert session(tmp_path, runs) is None
        assert runs.ran == WHOLE

    def test_a_finished_sweep_runs_nothing(self, tmp_path: Path) -> None:
        session(tmp_path, Runs())
        runs, reporter = Runs(), Silent()
        assert session(tmp_path, runs, reporter=reporter) is None
        assert (runs.ran, reporter.rungs, reporter.ended) == ([], [], [])


class TestLosses:
    @pytest.mark.parametrize("status", [Status.DIVERGED, Status.FAILED])
    def test_the_others_go_on(self, tmp_path: Path, status: Status) -> None:
        runs = Runs(lost={(0.4, 1): status})
        assert session(tmp_path, runs) is None
        assert [run for run in runs.ran if run[1] > 1] == [(0.3, 2, 0), (0.2, 2, 0), (0.3, 4, 0)]
        assert [one.status for one in stored(tmp_path) if one.rung == 0].count(status) == 1

    def test_one_lost_on_a_later_rung_is_not_replaced(self, tmp_path: Path) -> None:
        runs = Runs(lost={(0.4, 2): Status.DIVERGED})
        assert session(tmp_path, runs) is None
        assert runs.ran[-1] == (0.3, 4, 0)

    def test_its_other_seeds_are_not_run(self, tmp_path: Path) -> None:
        runs = Runs(lost={(0.4, 1): Status.DIVERGED})
        session(tmp_path, runs, asked=plan(rungs=(1,), seeds=2))
        assert [run for run in runs.ran if run[0] == 0.4] == [(0.4, 1, 0)]
        assert len(runs.ran) == 7

    def test_when_all_are_lost_it_says_so(self, tmp_path: Path) -> None:
        lost = dict.fromkeys([(rate, 1) for rate in (0.1, 0.2, 0.3, 0.4)], Status.FAILED)
        runs, reporter = Runs(lost=lost), Silent()
        with pytest.raises(RunError, match="--retry"):
            session(tmp_path, runs, reporter=reporter)
        assert reporter.ended == [0]

    def test_failures_can_be_tried_again(self, tmp_path: Path) -> None:
        lost = {(0.4, 1): Status.FAILED, (0.3, 1): Status.DIVERGED}
        asked = plan(rungs=(1,))
        session(tmp_path, Runs(lost=lost), asked=asked)
        store = SweepStore(tmp_path, plan=asked, candidates=grid(RATES))
        assert store.forget_failures() == 1
        store.begin()
        runs = Runs()
        session(tmp_path, runs, asked=asked)
        assert runs.ran == [(0.4, 1, 0)]
