"""Telling workers that photos wait: best effort, bounded in time, never an error for the caller."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from celery import Celery
from kombu import Connection

from services.common.broker.celery_app import build_celery, uses_redis
from services.common.config import Settings
from services.common.domain.queues import Device, Lane, Queue, Task, queue_of
from services.common.telemetry import Metrics, get_logger

T = TypeVar("T")

# After a failure the broker is left alone this long: one upload in five seconds waits for the
# timeout, the others not at all, and the feeder sends their hints later.
REST_S = 5.0
MESSAGE_VERSION = 1

_log = get_logger(__name__)


class QueueNotifier:
    """Sends hints over one connection. Threads may share it; it is built anew in each process.

    A queue that already holds ``window`` hints gets no more, so that the broker stays small
    even when no worker listens. A broker that fails to answer within the timeout is left alone
    for ``rest_s`` seconds.
    """

    def __init__(
        self,
        app: Celery,
        *,
        window: int,
        timeout_s: float,
        metrics: Metrics,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._window = window
        self._timeout_s = timeout_s
        self._metrics = metrics
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._rests_until = float("-inf")

    def notify(
        self,
        job_id: int,
        lane: Lane,
        *,
        device: Device = Device.CPU,
        window: int | None = None,
    ) -> bool:
        """Tell the workers that ``job_id`` has ready photos; return whether a hint was sent.

        Call it after the commit. Nothing is raised: a lost hint costs one tick of the feeder.

        Args:
            job_id: bigint id of the job.
            lane: whose queue.
            device: kind of worker; a GPU worker listens to CPU's queues as well.
            window: in place of the notifier's own.
        """
        queue, most = queue_of(device, lane), window or self._window
        sent = self._attempt(lambda link: self._send(link, job_id, queue, most))
        if sent:
            self._metrics.hints.labels("sent").inc()
        return bool(sent)

    def depth(self, queue: Queue) -> int | None:
        """How many hints wait in ``queue``; None when the broker does not say."""
        return self._attempt(lambda link: self._depth(link, queue))

    def close(self) -> None:
        """Drop the connection."""
        with self._lock:
            self._drop()

    def _send(self, link: Connection, job_id: int, queue: Queue, window: int) -> bool:
        if self._depth(link, queue) >= window:
            return False
        self._app.send_task(
            Task.ANALYSE,
            args=(job_id,),
            kwargs={"v": MESSAGE_VERSION},
            queue=queue.value,
            connection=link,
            retry=False,
            ignore_result=True,
        )
        return True

    def _depth(self, link: Connection, queue: Queue) -> int:
        """Declare the queue, which is idempotent, because the answer tells its length."""
        declared = link.default_channel.queue_declare(
            queue=queue.value,
            durable=True,
            auto_delete=False,
            arguments=self._app.amqp.queues[queue.value].queue_arguments,
        )
        return int(declared.message_count)

    def _attempt(self, call: Callable[[Connection], T]) -> T | None:
        """Run ``call`` on the connection, or give up: quietly while the broker rests."""
        if not self._lock.acquire(timeout=self._timeout_s):
            return None
        try:
            if self._clock() < self._rests_until:
                return None
            try:
                return call(self._link())
            except Exception as error:  # noqa: BLE001 - whatever a broker client raises, the feeder sends the hint later
                self._rests_until = self._clock() + self._rest_s
                self._drop()
                self._metrics.hints.labels("failed").inc()
                _log.warning("hint.failed", error=type(error).__name__, rest_s=self._rest_s)
                return None
        finally:
            self._lock.release()

    def _link(self) -> Connection:
        if self._connection is None:
            self._connection = self._app.connection_for_write(connect_timeout=self._timeout_s)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.release()
            self._connection = None


def build_notifier(
    settings: Settings, metrics: Metrics, *, rest_s: float = REST_S
) -> QueueNotifier:
    """Build the notifier of a process; nothing is connected until the first hint."""
    app = build_celery(settings)
    timeout_s = settings.broker.publish_timeout_s
    if uses_redis(settings.broker):
        # A consumer may wait ten seconds for a slow socket, an upload may not. Without
        # max_retries kombu would try to connect for ever, inside the request.
        app.conf.broker_transport_options = {
            **app.conf.broker_transport_options,
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "max_retries": 0,
            "interval_start": 0,
        }
    return QueueNotifier(
        app, window=settings.queue.window, timeout_s=timeout_s, metrics=metrics, rest_s=rest_s
    )
