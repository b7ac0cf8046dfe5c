"""Hints against a real Redis, and against one that is dead, stopped or full."""

from collections.abc import Iterator

import pytest
import redis

from services.common.broker.notifier import QueueNotifier, build_notifier
from services.common.config import Settings
from services.common.domain.queues import Device, Lane, Queue
from services.common.telemetry import Metrics
from tests.fixtures.settings import SettingsMaker

# The timeout of 1 s, and the same again for a host that is busy with other tests.
BOUNDED_S = 2.5


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def notifier(settings: Settings, metrics: Metrics) -> Iterator[QueueNotifier]:
    notifier = build_notifier(settings, metrics)
    yield notifier
    notifier.close()


@pytest.fixture
def admin(redis_admin_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_admin_url) as client:
        yield client


class TestNotify:
    def test_puts_a_hint_into_the_lane_of_the_device(
        self, notifier: QueueNotifier, metrics: Metrics
    ) -> None:
        assert notifier.notify(7, Lane.INTERACTIVE)
        assert notifier.notify(7, Lane.BATCH, device=Device.GPU)
        depths = {queue: notifier.depth(queue) for queue in Queue}
        assert depths == {
            Queue.CPU_INTERACTIVE: 1,
            Queue.CPU_BATCH: 0,
            Queue.GPU_INTERACTIVE: 0,
            Queue.GPU_BATCH: 1,
        }
        assert metrics.value("hfer_hints_total", result="sent") == 2

    def test_carries_the_id_and_nothing_else(
        self, notifier: QueueNotifier, admin: redis.Redis
    ) -> None:
        notifier.notify(4711, Lane.BATCH)
        (message,) = admin.lrange("cpu.batch", 0, -1)
        assert b"hfer.analyse" in message
        assert len(message) < 1_500

    def test_leaves_a_full_queue_alone(self, notifier: QueueNotifier) -> None:
        sent = [notifier.notify(1, Lane.BATCH, window=3) for _ in range(5)]
        assert sent == [True, True, True, False, False]
        assert notifier.depth(Queue.CPU_BATCH) == 3

    def test_survives_a_flush(self, notifier: QueueNotifier, admin: redis.Redis) -> None:
        notifier.notify(1, Lane.BATCH)
        admin.flushall()
        assert notifier.notify(2, Lane.BATCH)
        assert notifier.depth(Queue.CPU_BATCH) == 1

    def test_opens_a_new_connection_when_redis_dropped_the_old(
        self, settings: Settings, metrics: Metrics, admin: redis.Redis
    ) -> None:
        notifier = build_notifier(settings, metrics, rest_s=0)
        notifier.notify(1, Lane.BATCH)
        admin.client_kill_filter(_type="normal", skipme=True)
        assert [notifier.notify(2, Lane.BATCH) for _ in range(2)][-1]
        notifier.close()


class TestDeadBroker:
    @pytest.mark.timeout(BOUNDED_S)
    def test_refused_is_told_at_once_and_then_left_alone(
        self, make_unit_settings: SettingsMaker, metrics: Metrics
    ) -> None:
        notifier = build_notifier(make_unit_settings(), metrics)
        assert not any(notifier.notify(1, Lane.BATCH) for _ in range(100))
        assert notifier.depth(Queue.CPU_BATCH) is None
        assert metrics.value("hfer_hints_total", result="failed") == 1

    @pytest.mark.timeout(BOUNDED_S)
    def test_silence_costs_the_timeout_once(
        self, make_unit_settings: SettingsMaker, metrics: Metrics, black_hole: int
    ) -> None:
        broker = {"url": f"redis://127.0.0.1:{black_hole}/0"}
        notifier = build_notifier(make_unit_settings(broker=broker), metrics)
        assert not any(notifier.notify(1, Lane.BATCH) for _ in range(100))
        # Two clocks run as long, the caller's and the transport's: either may be the first.
        told = [metrics.value("hfer_hints_total", result=name) for name in ("timeout", "failed")]
        assert sorted(told) == [0, 1]
