"""Requests and slots counted within a process, by a clock that stands still."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.limiting.counters import LocalCounters, meter


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestRequests:
    def test_a_seconds_worth_may_come_at_once(self, clock: Clock) -> None:
        counters = LocalCounters(clock=clock)
        rates = [counters.hit("k", per_second=3) for _ in range(5)]
        assert [rate.allowed for rate in rates] == [True, True, True, False, False]
        assert [rate.remaining for rate in rates] == [2, 1, 0, 0, 0]
        assert rates[2].reset_s == pytest.approx(1)
        assert rates[3].retry_s == pytest.approx(1 / 3)

    def test_then_they_come_one_by_one(self, clock: Clock) -> None:
        counters = LocalCounters(clock=clock)
        for _ in range(3):
            counters.hit("k", per_second=3)
        clock.now += 0.34
        assert counters.hit("k", per_second=3).allowed
        assert not counters.hit("k", per_second=3).allowed

    def test_keys_are_apart(self, clock: Clock) -> None:
        counters = LocalCounters(clock=clock)
        assert counters.hit("a", per_second=1).allowed
        assert counters.hit("b", per_second=1).allowed
        assert not counters.hit("a", per_second=1).allowed

    def test_a_key_at_rest_is_forgotten(self, clock: Clock) -> None:
        counters = LocalCounters(clock=clock)
        counters.hit("a", per_second=1)
        clock.now += 5
        counters.hit("b", per_second=1)
        assert list(counters._tats) == ["b"]

    @given(st.integers(1, 5_000), st.floats(0, 1e9))
    def test_as_many_as_may_and_no_more(self, per_second: int, now: float) -> None:
        tat, allowed = 0.0, 0
        for _ in range(min(per_second, 60)):
            rate, tat = meter(tat, now, per_second=per_second)
            allowed += rate.allowed
        assert allowed == min(per_second, 60)
        rate, _ = meter(now + 1, now, per_second=per_second)
        assert not rate.allowed
        assert rate.retry_s == pytest.approx(1 / per_second, abs=1e-5)


class TestSlots:
    def test_are_as_many_as_may_be(self) -> None:
        counters = LocalCounters()
        first, second, third = (counters.acquire("open_uploads", "k", most=2) for _ in range(3))
        assert first.slot is not None
        assert (second.used, third.slot, third.used) == (2, None, 2)
        assert counters.acquire("open_uploads", "other", most=2).slot
        assert counters.acquire("open_streams", "k", most=2).slot
        counters.release(first.slot)
        counters.release(first.slot)
        assert counters.acquire("open_uploads", "k", most=2).used == 2

    def test_left_by_all_are_forgotten(self) -> None:
        counters = LocalCounters()
        grant = counters.acquire("open_uploads", "k", most=1)
        assert grant.slot is not None
        counters.release(grant.slot)
        assert counters._slots == {}

    def test_that_are_none_leave_no_trace(self) -> None:
        counters = LocalCounters()
        assert counters.acquire_local("open_uploads", "k", most=0) is None
        assert counters._slots == {}
