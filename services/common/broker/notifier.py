"""Telling workers that photos wait: best effort, bounded in time, never an error for the caller."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from celery import Celery
from kombu import Connection

from services.common.broker.celery_app import build_celery, uses_redis
from services.common.broker.link import BrokerBlockedError, BrokerLink
from services.common.broker.versions import BrokerUnfitError
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
    even when no worker listens. The broker is called from a thread of its own, which may hang
    (in a look-up of its name, in TLS, in any of a dozen answers); a caller waits for it within
    the timeout, whatever the broker does. One that failed to answer is left alone for ``rest_s``
    seconds.

    Attributes:
        unfit: what to change, fit for anyone's eyes, while the broker is too old; else None.
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
        self.unfit: str | None = None
        self._rests_until = float("-inf")
        self._link = BrokerLink(app, timeout_s=timeout_s, clock=clock)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="broker")

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
        """Drop the connection; a call that hangs is not waited for."""
        self._thread.submit(self._link.drop)
        self._thread.shutdown(wait=False)

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
        """Run ``call`` in the broker's thread, or give up: quietly while the broker rests."""
        if self._resting:
            return None
        turn = self._thread.submit(self._run, call)
        try:
            answer = turn.result(self._timeout_s)
        except BrokerBlockedError:
            self._metrics.hints.labels("blocked").inc()
        except BrokerUnfitError as error:
            self.unfit = error.detail
            _log.error("broker.unfit", detail=error.detail)
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever a broker client raises, the feeder sends the hint later
            turn.cancel()
            self._fail(error)
        else:
            self.unfit = None
            return answer
        return None

    def _run(self, call: Callable[[Connection], T]) -> T | None:
        return None if self._resting else self._link.run(call)

    @property
    def _resting(self) -> bool:
        return self._clock() < self._rests_until

    def _fail(self, error: Exception) -> None:
        if self._resting:
            return  # others waited for the same broker, and one of them has said so
        self._rests_until = self._clock() + self._rest_s
        result = "timeout" if isinstance(error, TimeoutError) else "failed"
        self._metrics.hints.labels(result).inc()
        _log.warning("hint.failed", result=result, error=type(error).__name__, rest_s=self._rest_s)


def build_notifier(
    settings: Settings, metrics: Metrics, *, rest_s: float = REST_S
) -> QueueNotifier:
    """Build the notifier of a process; nothing is connected until the first hint."""
    app = build_celery(settings)
    timeout_s = settings.broker.publish_timeout_s
    # A consumer may wait ten seconds for a slow socket, an upload may not.
    limits = ("socket_timeout", "socket_connect_timeout")
    if not uses_redis(settings.broker):
        limits = ("read_timeout", "write_timeout")
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        **dict.fromkeys(limits, timeout_s),
        # Without it kombu would try to connect for ever.
        "max_retries": 0,
        "interval_start": 0,
    }
    return QueueNotifier(
        app, window=settings.queue.window, timeout_s=timeout_s, metrics=metrics, rest_s=rest_s
    )
