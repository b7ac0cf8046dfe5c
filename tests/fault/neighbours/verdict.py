"""What a neighbour may cost: ratios to the times alone, or times that nobody minds."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.fault.neighbours.tenant import Times

P50_RATIO, P95_RATIO = 3.0, 5.0
CALL_MS, RESULT_MS = 250.0, 3_000.0
CALLS = ("submit", "poll", "result")


@dataclass(frozen=True, slots=True)
class Row:
    """One call beside one neighbour, in milliseconds."""

    neighbour: str
    call: str
    p50_alone: float
    p50: float
    p95_alone: float
    p95: float

    @property
    def holds(self) -> bool:
        """Whether median and 95th percentile are near those alone, or short by themselves."""
        short = RESULT_MS if self.call == "result" else CALL_MS
        return (self.p50 <= max(short, P50_RATIO * self.p50_alone)) and (
            self.p95 <= max(short, P95_RATIO * self.p95_alone)
        )


def rows_of(neighbour: str, *, alone: Times, beside: Times) -> list[Row]:
    """Compare the two, call by call."""
    rows = []
    for call in CALLS:
        before, after = getattr(alone, call), getattr(beside, call)
        rows.append(
            Row(
                neighbour,
                call,
                percentile(before, 50),
                percentile(after, 50),
                percentile(before, 95),
                percentile(after, 95),
            )
        )
    return rows


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that ``percent`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
