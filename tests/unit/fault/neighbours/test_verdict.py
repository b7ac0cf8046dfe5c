"""What a neighbour may cost: the ratios, and the times below which nobody asks for them."""

import pytest

from tests.fault.neighbours.tenant import Times
from tests.fault.neighbours.verdict import Row, percentile, rows_of


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 50, 7.0),
        ([7.0], 95, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 50, 2.0),
        ([float(value) for value in range(1, 21)], 95, 19.0),
        ([float(value) for value in range(1, 22)], 95, 20.0),
        ([float(value) for value in range(1, 22)], 0, 1.0),
        ([float(value) for value in range(1, 22)], 100, 21.0),
    ],
)
def test_a_percentile_is_one_of_the_values(
    values: list[float], percent: int, expected: float
) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(
    ("call", "p50", "p95", "holds"),
    [
        ("poll", 250.0, 250.0, True),  # short by itself
        ("poll", 250.1, 250.1, False),
        ("poll", 250.1, 100.0, False),
        ("poll", 100.0, 250.1, False),
        ("submit", 250.1, 250.1, False),
        ("result", 3_000.0, 3_000.0, True),
        ("result", 3_000.1, 3_000.0, False),
        ("result", 3_000.0, 3_000.1, False),
    ],
)
def test_a_call_that_takes_no_time_alone_is_held_to_what_nobody_minds(
    call: str, p50: float, p95: float, holds: bool
) -> None:
    assert Row("loop", call, p50_alone=1.0, p50=p50, p95_alone=1.0, p95=p95).holds is holds


@pytest.mark.parametrize(
    ("p50", "p95", "holds"),
    [(3_000.0, 10_000.0, True), (3_000.1, 10_000.0, False), (3_000.0, 10_000.1, False)],
)
def test_a_slow_call_is_held_to_the_ratios(p50: float, p95: float, holds: bool) -> None:
    assert (
        Row("loop", "poll", p50_alone=1_000.0, p50=p50, p95_alone=2_000.0, p95=p95).holds is holds
    )


def test_each_call_is_compared_with_itself() -> None:
    alone = Times(submit=[1.0, 2.0, 3.0], poll=[10.0], result=[100.0])
    beside = Times(submit=[4.0, 5.0, 6.0], poll=[20.0], result=[200.0])
    assert rows_of("loop", alone=alone, beside=beside) == [
        Row("loop", "submit", 2.0, 5.0, 3.0, 6.0),
        Row("loop", "poll", 10.0, 20.0, 10.0, 20.0),
        Row("loop", "result", 100.0, 200.0, 100.0, 200.0),
    ]
