"""The search: rung by rung, candidate by candidate, each run in turn."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from services.trainer.errors import RunError
from services.trainer.sweep.axes import Candidate
from services.trainer.sweep.halving import survivors
from services.trainer.sweep.outcome import Outcome, Status, Stopped
from services.trainer.sweep.plan import SweepPlan, Trial
from services.trainer.sweep.standings import standing
from services.trainer.sweep.store import SweepStore


class TrialRunner(Protocol):
    """Trains and evaluates; ``process.run_in_process`` is the one that does."""

    def __call__(self, trial: Trial, *, max_seconds: float) -> Outcome | Stopped:
        """Continue the trial's run to the rung's end, or until ``max_seconds`` are over."""


class SearchReporter(Protocol):
    """Shows how a search progresses."""

    def began_rung(self, *, rung: int, trials: int, done: int) -> None:
        """Rung number ``rung`` (from 0) has so many runs, of which some are done."""

    def began_trial(self, trial: Trial) -> None:
        """A run starts or continues."""

    def ended_trial(self, trial: Trial, outcome: Outcome) -> None:
        """It came to an outcome."""

    def ended_rung(self, *, rung: int) -> None:
        """All runs of the rung have one, in this session."""


class Search:
    """One session of a sweep."""

    def __init__(
        self,
        plan: SweepPlan,
        candidates: Sequence[Candidate],
        *,
        store: SweepStore,
        run_trial: TrialRunner,
        reporter: SearchReporter,
        max_seconds: float = math.inf,
        interrupted: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Continue from ``store``; the time runs from here."""
        self._plan = plan
        self._candidates = {one.key: one for one in candidates}
        self._store = store
        self._run_trial = run_trial
        self._reporter = reporter
        self._interrupted = interrupted
        self._clock = clock
        self._deadline = clock() + max_seconds

    def run(self) -> str | None:
        """Search to the end, the time limit or an interruption.

        Returns:
            Why it stopped before the end, else None.

        Raises:
            RunError: if no candidate came to the end of a rung.
        """
        entered = tuple(self._candidates)
        for rung in range(len(self._plan.rungs)):
            stopped = self._finish_rung(entered, rung=rung)
            if stopped is not None:
                return stopped
            entered = self._decide(entered, rung=rung)
        return None

    def _finish_rung(self, entered: Sequence[str], *, rung: int) -> str | None:
        """Bring every run of a rung to an outcome; return why not, if not."""
        trials = [trial for key in entered for trial in self._trials(key, rung=rung)]
        missing = [
            trial for trial in trials if not (self._has_outcome(trial) or self._is_out(trial))
        ]
        if not missing:
            return None
        self._reporter.began_rung(rung=rung, trials=len(trials), done=len(trials) - len(missing))
        for trial in missing:
            if self._is_out(trial):
                continue
            left = self._deadline - self._clock()
            if self._interrupted() or left <= 0:
                return "interrupted" if self._interrupted() else "time_limit"
            self._reporter.began_trial(trial)
            result = self._run_trial(trial, max_seconds=left)
            if isinstance(result, Stopped):
                return result.reason
            self._store.add(result)
            self._reporter.ended_trial(trial, result)
        self._reporter.ended_rung(rung=rung)
        return None

    def _decide(self, entered: Sequence[str], *, rung: int) -> tuple[str, ...]:
        """Return the keys that continue; the others' checkpoints are deleted."""
        scores = {}
        for key in entered:
            found = standing(self._candidates[key], rung=rung, outcomes=self._store.outcomes)
            if found is not None and found.status is Status.DONE:
                scores[key] = self._plan.by.sign * found.measures[self._plan.by].mean
        if not scores:
            raise RunError(
                f"No candidate came to the end of rung {rung + 1}; the table says why. --retry "
                "tries the failed ones again; diverged ones need a lower optim.lr."
            )
        if rung + 1 == len(self._plan.rungs):
            return tuple(scores)
        going_on = survivors(scores, entered=len(entered), keep=self._plan.keep)
        for key in set(entered) - set(going_on):
            for trial in self._trials(key, rung=rung):
                shutil.rmtree(trial.folder / "checkpoints", ignore_errors=True)
        return going_on

    def _trials(self, key: str, *, rung: int) -> Iterator[Trial]:
        first = self._candidates[key].config.loop.seed
        for seed in range(first, first + self._plan.seeds):
            yield Trial(
                candidate=self._candidates[key],
                seed=seed,
                rung=rung,
                epochs=self._plan.rungs[rung],
                folder=trial_folder(self._store.folder, key, seed=seed),
            )

    def _has_outcome(self, trial: Trial) -> bool:
        found = self._store.outcome(trial.candidate.key, seed=trial.seed, rung=trial.rung)
        return found is not None

    def _is_out(self, trial: Trial) -> bool:
        """Whether another seed of the candidate failed: the mean over seeds is lost already."""
        found = standing(trial.candidate, rung=trial.rung, outcomes=self._store.outcomes)
        return found is not None and found.status is not Status.DONE


def trial_folder(sweep: Path, key: str, *, seed: int) -> Path:
    """Return the run folder of a candidate's run with ``seed``."""
    return sweep / "candidates" / key / f"seed-{seed}"
