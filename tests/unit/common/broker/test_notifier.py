"""A broker that does not answer, or takes no messages, holds nobody up: shown by a stand-in."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from celery import Celery
from structlog.testing import capture_logs

from services.common.broker.notifier import QueueNotifier
from services.common.domain.queues import Lane, Queue
from services.common.telemetry import Metrics

TIMEOUT_S = 0.2
# The timeout, and much more for a host that is busy with other tests: unbounded is for ever.
BOUNDED_S = 10.0


class StandIn:
    """What the notifier uses of Celery and of a connection of kombu to RabbitMQ."""

    def __init__(self) -> None:
        self.conf: dict[str, Any] = {}
        self.amqp = SimpleNamespace(
            queues={queue.value: SimpleNamespace(queue_arguments=None) for queue in Queue}
        )
        self.opened = self.dropped = self.sent = 0
        self.on_declare: Callable[[], object] = bool
        self.on_send: Callable[[], object] = bool
        self.on_drain: Callable[[], object] = self.silent
        self.options: dict[str, Any] = {}
        self.version = "4.0.5"

    @property
    def transport(self) -> SimpleNamespace:
        return SimpleNamespace(driver_type="amqp")

    @property
    def connection(self) -> SimpleNamespace:
        return SimpleNamespace(server_properties={"version": self.version})

    def connection_for_write(self, **options: Any) -> Self:
        self.opened += 1
        self.options = options["transport_options"]
        return self

    @property
    def default_channel(self) -> Self:
        return self

    def queue_declare(self, **_facts: object) -> SimpleNamespace:
        self.on_declare()
        return SimpleNamespace(message_count=0)

    def send_task(self, *_args: object, **_facts: object) -> None:
        self.on_send()
        self.sent += 1

    def drain_events(self, *, timeout: float) -> None:
        assert timeout == 0
        self.on_drain()

    def collect(self) -> None:
        self.dropped += 1

    release = collect

    def silent(self) -> None:
        raise TimeoutError

    def block(self) -> None:
        self.options["on_blocked"]("connection blocked, see broker logs")

    def unblock(self) -> None:
        self.options["on_unblocked"]()


@pytest.fixture
def broker() -> StandIn:
    return StandIn()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def notifier(broker: StandIn, metrics: Metrics) -> Iterator[QueueNotifier]:
    notifier = QueueNotifier(
        cast("Celery", broker), window=16, timeout_s=TIMEOUT_S, metrics=metrics, rest_s=0.0
    )
    yield notifier
    notifier.close()


def hints(metrics: Metrics, result: str) -> float:
    return metrics.value("hfer_hints_total", result=result)


class TestSilence:
    @pytest.fixture
    def wake(self, broker: StandIn) -> Iterator[threading.Event]:
        """Set, it lets the broker answer: until then every question hangs, as on a stopped one."""
        wake = threading.Event()
        broker.on_declare = wake.wait
        yield wake
        wake.set()

    @pytest.mark.timeout(BOUNDED_S)
    def test_holds_a_caller_for_the_timeout(
        self, notifier: QueueNotifier, wake: threading.Event, metrics: Metrics
    ) -> None:
        with capture_logs() as logs:
            assert not notifier.notify(1, Lane.BATCH)
        assert not wake.is_set()
        assert hints(metrics, "timeout") == 1
        assert [line["event"] for line in logs] == ["hint.failed"]
        assert logs[0]["result"] == "timeout"

    @pytest.mark.timeout(BOUNDED_S)
    def test_holds_those_that_come_meanwhile_no_longer(
        self, notifier: QueueNotifier, wake: threading.Event
    ) -> None:
        callers = [threading.Thread(target=notifier.notify, args=(1, Lane.BATCH)) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert notifier.depth(Queue.CPU_BATCH) is None
        assert not wake.is_set()

    def test_is_over_when_the_broker_answers(
        self, notifier: QueueNotifier, wake: threading.Event, broker: StandIn
    ) -> None:
        assert not notifier.notify(1, Lane.BATCH)
        wake.set()
        begun = time.monotonic()
        while not notifier.notify(2, Lane.BATCH):
            assert time.monotonic() - begun < BOUNDED_S
        assert broker.sent >= 1


class TestBlocked:
    """RabbitMQ has an alarm: it says so and reads no more from who publishes."""

    def test_is_known_at_once(
        self, notifier: QueueNotifier, broker: StandIn, metrics: Metrics
    ) -> None:
        broker.on_send = broker.block
        with capture_logs() as logs:
            assert not any(notifier.notify(1, Lane.BATCH) for _ in range(3))
        assert hints(metrics, "blocked") == 3
        assert [line["event"] for line in logs] == ["broker.blocked"]

    def test_keeps_its_connection_of_which_the_broker_would_not_see_the_end(
        self, notifier: QueueNotifier, broker: StandIn
    ) -> None:
        broker.on_send = broker.block
        for _ in range(3):
            notifier.notify(1, Lane.BATCH)
        assert (broker.opened, broker.dropped, broker.sent) == (1, 0, 0)

    def test_ends_with_a_new_connection(self, notifier: QueueNotifier, broker: StandIn) -> None:
        """The old one may still bring answers to what was asked before."""
        broker.on_send = broker.block
        notifier.notify(1, Lane.BATCH)
        broker.on_send, broker.on_drain = bool, broker.unblock
        with capture_logs() as logs:
            assert notifier.notify(1, Lane.BATCH)
        assert (broker.opened, broker.dropped, broker.sent) == (2, 1, 1)
        assert [line["event"] for line in logs] == ["broker.unblocked"]

    def test_ends_with_the_broker(
        self, notifier: QueueNotifier, broker: StandIn, metrics: Metrics
    ) -> None:
        broker.on_send = broker.block
        notifier.notify(1, Lane.BATCH)

        def die() -> None:
            raise ConnectionResetError

        broker.on_send, broker.on_drain = bool, die
        assert not notifier.notify(1, Lane.BATCH)
        assert hints(metrics, "failed") == 1
        assert notifier.notify(1, Lane.BATCH)
        assert broker.opened == 2


class TestTooOld:
    def test_takes_no_hint_and_is_told(
        self, notifier: QueueNotifier, broker: StandIn, metrics: Metrics
    ) -> None:
        broker.version = "3.9.29"
        with capture_logs() as logs:
            assert not notifier.notify(1, Lane.BATCH)
        assert broker.sent == 0
        assert hints(metrics, "failed") == 1
        assert "RabbitMQ 3.9.29 is too old: 3.10 is the oldest" in str(notifier.unfit)
        assert logs[0]["event"] == "broker.unfit"

    def test_is_over_with_the_upgrade(self, notifier: QueueNotifier, broker: StandIn) -> None:
        broker.version = "3.9.29"
        notifier.notify(1, Lane.BATCH)
        broker.version = "3.10.0"
        assert notifier.notify(1, Lane.BATCH)
        assert notifier.unfit is None
