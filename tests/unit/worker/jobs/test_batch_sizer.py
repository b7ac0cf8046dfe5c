import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.config import QueueSettings
from services.worker.jobs.batch_sizer import (
    BACKOFF_MAX_S,
    FIRST_MICRO_BATCH,
    MICRO_BATCH_MAX,
    BatchSizer,
    backoff_s,
)
from tests.fixtures.properties import PATIENT

SETTINGS = QueueSettings()
MANY = 100_000


class TestChunk:
    @pytest.mark.parametrize(
        ("photo_s", "expected"),
        [(None, 8), (1.0, 8), (0.1, 20), (0.01, 64), (0.0, 64)],
    )
    def test_lasts_about_the_target(self, photo_s: float | None, expected: int) -> None:
        assert BatchSizer(photo_s).chunk_size(SETTINGS, ready=MANY, workers=2) == expected

    @pytest.mark.parametrize(
        ("ready", "workers", "expected"),
        [(1, 4, 1), (8, 4, 1), (32, 4, 4), (33, 4, 5), (MANY, 4, 8)],
    )
    def test_leaves_two_chunks_for_each_worker(
        self, ready: int, workers: int, expected: int
    ) -> None:
        assert BatchSizer().chunk_size(SETTINGS, ready=ready, workers=workers) == expected

    def test_a_lone_worker_shares_with_nobody(self) -> None:
        assert BatchSizer().chunk_size(SETTINGS, ready=5, workers=1) == 5

    @PATIENT
    @given(
        speed=st.none() | st.floats(0, 100), ready=st.integers(1, MANY), workers=st.integers(1, 500)
    )
    def test_is_never_empty_nor_beyond_the_bounds(
        self, speed: float | None, ready: int, workers: int
    ) -> None:
        size = BatchSizer(speed).chunk_size(SETTINGS, ready=ready, workers=workers)
        assert 1 <= size <= min(SETTINGS.chunk_max, ready)


class TestMicroBatch:
    @pytest.mark.parametrize(
        ("photo_s", "expected"),
        [
            (None, FIRST_MICRO_BATCH),
            (0.5, 2),
            (3.0, 1),
            (0.1, 10),
            (0.001, MICRO_BATCH_MAX),
            (0.0, MICRO_BATCH_MAX),
        ],
    )
    def test_lasts_about_a_second(self, photo_s: float | None, expected: int) -> None:
        assert BatchSizer(photo_s).micro_batch_size() == expected


class TestSpeed:
    def test_starts_with_the_first_measurement(self) -> None:
        sizer = BatchSizer()
        assert sizer.expected_s(10) == 0
        sizer.record(seconds=2, photos=4)
        assert sizer.seconds_per_photo == 0.5
        assert sizer.expected_s(10) == 5

    def test_follows_a_change_within_a_few_measurements(self) -> None:
        sizer = BatchSizer(0.1)
        for _ in range(5):
            sizer.record(seconds=1, photos=1)
        assert sizer.seconds_per_photo == pytest.approx(1, abs=0.2)


class TestBackoff:
    @PATIENT
    @given(attempts=st.integers(1, 30), seed=st.integers(0, 99))
    def test_is_jitter_below_a_bound_that_doubles(self, attempts: int, seed: int) -> None:
        bound = min(BACKOFF_MAX_S, 0.5 * 2 ** (attempts - 1))
        assert 0 <= backoff_s(attempts, rng=random.Random(seed)) <= bound

    def test_spreads_over_the_whole_range(self) -> None:
        rng = random.Random(1)
        delays = [backoff_s(4, rng=rng) for _ in range(200)]
        assert min(delays) < 0.4
        assert max(delays) > 3.6
