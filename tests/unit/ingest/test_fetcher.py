import random

import pytest

from services.ingest.fetcher import fetch_backoff_s


@pytest.mark.parametrize(
    ("attempts", "longest"), [(1, 1.0), (2, 4.0), (3, 16.0), (4, 64.0), (5, 256.0), (9, 256.0)]
)
def test_backs_off_four_times_as_long_each_time(attempts: int, longest: float) -> None:
    delays = [fetch_backoff_s(attempts, rng=random.Random(seed)) for seed in range(50)]
    assert longest / 2 <= min(delays) < max(delays) <= longest
