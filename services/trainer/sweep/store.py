"""``sweep.json``: what was asked and every outcome so far, whole after any crash."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from services.common.files import write_atomically
from services.trainer.errors import RunError
from services.trainer.sweep.axes import Candidate
from services.trainer.sweep.outcome import Outcome, Status
from services.trainer.sweep.plan import SweepPlan

_OUTCOMES = TypeAdapter(tuple[Outcome, ...])


class SweepStore:
    """The state of one sweep's folder."""

    def __init__(self, folder: Path, *, plan: SweepPlan, candidates: Sequence[Candidate]) -> None:
        """Open the sweep in ``folder``, or begin one; the file is written by ``begin``.

        Raises:
            RunError: if another sweep was begun there.
        """
        self.folder = folder
        self._path = folder / "sweep.json"
        self._asked: dict[str, Any] = {
            "plan": plan.model_dump(mode="json"),
            "candidates": [{"key": one.key, "values": list(one.values)} for one in candidates],
        }
        self.outcomes: tuple[Outcome, ...] = self._read()

    def begin(self) -> None:
        """Write the file, so that the folder is this sweep's from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write()

    def outcome(self, candidate: str, *, seed: int, rung: int) -> Outcome | None:
        """Return what came of a run on a rung, None if nothing yet."""
        key = (candidate, seed, rung)
        for one in self.outcomes:
            if (one.candidate, one.seed, one.rung) == key:
                return one
        return None

    def add(self, outcome: Outcome) -> None:
        """Write an outcome down; it is final."""
        self.outcomes = (*self.outcomes, outcome)
        self._write()

    def forget_failures(self) -> int:
        """Drop the failures on the last rung begun, to try those runs again; return how many.

        On earlier rungs others have gone on in their place.
        """
        last = max((one.rung for one in self.outcomes), default=0)
        kept = tuple(
            one for one in self.outcomes if one.rung < last or one.status is not Status.FAILED
        )
        dropped = len(self.outcomes) - len(kept)
        self.outcomes = kept
        return dropped

    def _write(self) -> None:
        content = {**self._asked, "outcomes": _OUTCOMES.dump_python(self.outcomes, mode="json")}
        write_atomically(self._path, json.dumps(content, indent=1).encode())

    def _read(self) -> tuple[Outcome, ...]:
        if not self._path.exists():
            return ()
        try:
            content = json.loads(self._path.read_bytes())
            before, outcomes = content["plan"], _OUTCOMES.validate_python(content["outcomes"])
            same_recipes = content["candidates"] == self._asked["candidates"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self._path} is damaged; choose another --run.") from error
        plan = self._asked["plan"]
        differing = [name for name in plan if before.get(name) != plan[name]]
        if differing:
            raise RunError(
                f"{self.folder} holds a sweep that was asked otherwise ({', '.join(differing)}); "
                "go on with the same command or choose another --run."
            )
        if not same_recipes:
            raise RunError(
                f"{self.folder} holds a sweep of recipes that the trainer builds otherwise now; "
                "choose another --run."
            )
        return outcomes
