"""Whether enough is reviewed, in words."""

import pytest

from services.api.reviews.enough import enough_line
from services.common.reviews.accuracy import Accuracy
from services.common.reviews.agreement import Estimate


@pytest.mark.parametrize(
    ("drawn", "answered", "more", "told"),
    [
        (0, 0, None, "Draw faces"),
        (9, 0, None, "begin with the first"),
        (300, 300, 0, "Enough"),
        (400, 100, 240, "About 240 more drawn faces bring"),
        (300, 100, 1_240, "draw 1,040 more"),
    ],
)
def test_says_what_to_do_next(drawn: int, answered: int, more: int | None, told: str) -> None:
    estimate = Estimate(None, None, None, 0)
    assert told in enough_line(Accuracy(estimate, answered, drawn, 0, more))
