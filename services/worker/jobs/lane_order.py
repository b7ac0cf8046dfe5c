"""Which lane a process claims from: small jobs first, but large ones are not left for ever."""

from collections.abc import Collection
from dataclasses import dataclass

from services.common.domain.queues import Lane

# A micro-batch takes about a second, and so do eight claims of a photo or two: who keeps the
# interactive lane full leaves the batches between a tenth and a half of each worker.
INTERACTIVE_IN_A_ROW = 8


@dataclass(slots=True)
class LaneOrder:
    """Counts the interactive claims that a process made while batch photos waited."""

    _in_a_row: int = 0

    @property
    def batch_is_due(self) -> bool:
        """Whether the next claim is for the batch lane first, and of one micro-batch."""
        return self._in_a_row >= INTERACTIVE_IN_A_ROW

    def record(self, lane: Lane, *, waiting: Collection[Lane]) -> None:
        """Note a claim; ``waiting`` are the lanes that seemed to have photos for it."""
        passed_over = lane is Lane.INTERACTIVE and Lane.BATCH in waiting
        self._in_a_row = self._in_a_row + 1 if passed_over else 0
