"""Counters of two processes in one Redis, and without it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from services.common.config import BrokerSettings
from services.common.limiting.redis_counters import PROBE_S, RedisCounters
from services.common.telemetry import Metrics
from tests.fixtures.fleet import wait_until

Build = Callable[..., RedisCounters]
NOBODY = "redis://hfer:made-up@127.0.0.1:1/0"


@pytest.fixture
def build(empty_redis: str) -> Iterator[Build]:
    """Build counters as another process would have them."""
    with contextlib.ExitStack() as stack:

        def make(
            url: str = empty_redis, *, lease_s: float = 60.0, metrics: Metrics | None = None
        ) -> RedisCounters:
            settings = BrokerSettings.model_validate({"url": url})
            counters = RedisCounters(settings, metrics=metrics or Metrics(), lease_s=lease_s)
            stack.callback(counters.close)
            return counters

        yield make


def uncounted(metrics: Metrics) -> float:
    return metrics.registry.get_sample_value("hfer_uncounted_requests_total") or 0


class TestRequests:
    def test_of_two_processes_are_counted_together(self, build: Build) -> None:
        one, other = build(), build()
        begun = time.monotonic()
        rates = [counters.hit("k", per_second=1) for counters in (one, other)]
        allowed = sum(rate.allowed for rate in rates if rate)
        # Each for itself would allow both at once, however slow the test is.
        assert 1 <= allowed <= 1 + (time.monotonic() - begun)
        assert None not in rates

    def test_too_many_are_refused_until_it_is_time(self, build: Build) -> None:
        counters = build()
        seen = [counters.hit("k", per_second=20) for _ in range(200)]
        refused = [rate for rate in seen if rate and not rate.allowed]
        assert refused
        assert all(0 < rate.retry_s <= 0.05 and rate.remaining == 0 for rate in refused)

    def test_leave_nothing_behind(self, build: Build, redis_admin_url: str) -> None:
        build().hit("k", per_second=1)
        with redis.Redis.from_url(redis_admin_url) as admin:
            assert 0 < admin.pttl("hfer:limit:requests:k") <= 1_001


class TestSlots:
    def test_of_two_processes_are_counted_together(self, build: Build) -> None:
        one, other = build(), build()
        first, second = (counters.acquire("open_uploads", "k", most=2) for counters in (one, other))
        assert first
        assert second
        third = one.acquire("open_uploads", "k", most=2)
        assert third
        assert (second.used, third.slot, third.used) == (2, None, 2)
        assert first.slot
        one.release(first.slot)
        again = other.acquire("open_uploads", "k", most=2)
        assert again
        assert again.slot

    def test_of_a_process_that_was_killed_are_free_when_their_lease_is_over(
        self, build: Build, redis_admin_url: str
    ) -> None:
        killed, other = build(lease_s=0.2), build()
        held = killed.acquire("open_uploads", "k", most=1)
        assert held
        assert held.slot
        killed.release_local(held.slot)  # renews nothing more, and never leaves

        def free() -> bool:
            grant = other.acquire("open_uploads", "k", most=1)
            return grant is not None and grant.slot is not None

        wait_until(free, timeout_s=30, what="the slot is free")
        with redis.Redis.from_url(redis_admin_url) as admin:
            assert 0 < admin.pttl("hfer:limit:open_uploads:k") <= 60_000

    def test_of_a_large_limit_an_eighth_is_given_away_without_redis(self, build: Build) -> None:
        counters = build(NOBODY)
        slots = [counters.acquire_local("open_uploads", "k", most=17) for _ in range(3)]
        assert [slot is not None for slot in slots] == [True, True, False]
        assert slots[0]
        assert not counters.release_local(slots[0])
        assert counters.acquire_local("open_uploads", "k", most=17)
        assert counters.acquire_local("open_uploads", "k", most=7) is None

    def test_that_are_held_are_renewed(self, build: Build, redis_admin_url: str) -> None:
        counters = build(lease_s=60)
        grant = counters.acquire("open_uploads", "k", most=1)
        assert grant
        assert grant.slot
        with redis.Redis.from_url(redis_admin_url) as admin:
            admin.zadd(grant.slot.counter, {grant.slot.token: 1})
            counters.renew()
            score = admin.zscore(grant.slot.counter, grant.slot.token)
            assert score is not None
            assert score > 1_000_000_000_000

    def test_one_that_is_left_while_they_are_renewed_stays_free(
        self, build: Build, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counters = build()
        grant = counters.acquire("open_uploads", "k", most=1)
        assert grant
        assert grant.slot
        left, renew = grant.slot, counters._renew

        def leave_first(**asked: Any) -> object:
            counters.release(left)
            return renew(**asked)

        monkeypatch.setattr(counters, "_renew", leave_first)
        counters.renew()
        again = counters.acquire("open_uploads", "k", most=1)
        assert again
        assert again.slot


class TestWithoutRedis:
    def test_everything_is_served_and_told_once(self, build: Build) -> None:
        metrics = Metrics()
        counters = build(NOBODY, metrics=metrics)
        with capture_logs() as logs:
            for _ in range(3):
                assert counters.hit("k", per_second=1) is None
                assert counters.acquire("open_uploads", "k", most=1) is None
        assert uncounted(metrics) == 6
        assert [line["event"] for line in logs].count("limits.uncounted") == 1

    def test_it_is_found_again(self, build: Build) -> None:
        counters = build()
        assert counters.hit("k", per_second=5)
        counters._note(redis.exceptions.ConnectionError("gone"))
        assert counters.hit("k", per_second=5) is None
        counters._wake.set()
        wait_until(
            lambda: counters.hit("k", per_second=5) is not None,
            timeout_s=30 * PROBE_S,
            what="counted",
        )
