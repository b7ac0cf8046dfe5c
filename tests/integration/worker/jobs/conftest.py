"""A model that interferes, and what the tables say of a job."""

from collections import Counter
from collections.abc import Callable, Sequence

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.domain.jobs import ItemState
from tests.fixtures.analysers import (
    FakeAnalyser,
)
from tests.fixtures.factories import MadeJob, Rows


class Interrupting(FakeAnalyser):
    """A model that does something to the world after a number of calls."""

    def __init__(self, event: Callable[[], object], *, after: int = 1) -> None:
        super().__init__()
        self._event = event
        self._after = after

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        answers = super().analyse(photos, options)
        if len(self.calls) == self._after:
            self._event()
        return answers


def states(rows: Rows, job: MadeJob) -> Counter[ItemState]:
    return Counter(ItemState(item.state) for item in rows.items(job.id))


def codes(rows: Rows, job: MadeJob) -> list[str | None]:
    outcomes = rows.outcomes(job.id)
    return [outcomes[item].error_code for item in job.items]
