"""Hints out of Redis, of which a damaged one is dropped: Postgres holds what it was about.

kombu 5.7.0 takes a message apart in the worker's event loop, where whatever that raises ends the
worker. A message that was noted as delivered before goes back into the queue at that end, and so
ended every worker at every start. RabbitMQ is not concerned: there Celery refuses such a message.

Two private methods of kombu are replaced, as it has no public place between the bytes that it read
and what it makes of them. kombu is pinned, and tests/fault/test_poison.py fails if either moves.
"""

from functools import cache
from queue import Empty
from typing import Any

from kombu.transport import redis

from services.common.telemetry import get_logger
from services.common.telemetry.metrics.catalogue import WorkerMetrics

TRANSPORT = "services.worker.process.hints:HintTransport"

_log = get_logger(__name__)
_SHOWN = 200


class HintChannel(redis.Channel):  # type: ignore[misc]  # kombu ships no types
    """A channel that goes on when what it read is no message."""

    def _brpop_read(self, **options: Any) -> Any:
        transport = self.connection
        transport.delivering = False
        try:
            return super()._brpop_read(**options)
        except (Empty, *transport.connection_errors, *transport.channel_errors) as error:
            # kombu counts KeyError as a lost connection; here it may be a message without a part.
            if not isinstance(error, KeyError) or transport.delivering:
                raise
            _drop(error)
        except Exception as error:
            if transport.delivering:
                raise
            _drop(error)  # it is no JSON
        return True


class HintTransport(redis.Transport):  # type: ignore[misc]  # kombu ships no types
    """Redis, whose messages are looked at before Celery is told of them."""

    Channel = HintChannel
    delivering = False

    def _deliver(self, message: Any, queue: str) -> None:
        self.delivering = True
        channel = self.channels[0]
        try:
            tag = _tag_of(message, channel=channel)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is no hint
            _drop(error, queue=queue)
            return
        try:
            super()._deliver(message, queue)
        except (*self.connection_errors, *self.channel_errors):
            raise
        except Exception as error:  # noqa: BLE001 - as one that Celery cannot take
            _drop(error, queue=queue)
            channel.basic_reject(tag, requeue=False)


@cache
def _metrics() -> WorkerMetrics:
    return WorkerMetrics()


def _tag_of(message: Any, *, channel: HintChannel) -> str:
    """Take a message apart as kombu will, and return its tag."""
    delivery = channel.Message(message, channel=channel)
    _ = delivery.delivery_info["exchange"], delivery.delivery_info["routing_key"]
    if not isinstance(delivery.delivery_tag, str):
        raise TypeError("delivery_tag is no text")
    return delivery.delivery_tag


def _drop(error: Exception, *, queue: str | None = None) -> None:
    reason = f"{type(error).__name__}: {error}"[:_SHOWN]
    _log.warning("hint.damaged", queue=queue, reason=reason)
    _metrics().damaged_hints.inc()
