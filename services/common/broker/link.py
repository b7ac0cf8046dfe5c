"""One connection to the broker, and whether RabbitMQ lets it publish."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from celery import Celery
from kombu import Connection

from services.common.broker.versions import check_version
from services.common.telemetry import get_logger

T = TypeVar("T")

_log = get_logger(__name__)


class BrokerBlockedError(Exception):
    """RabbitMQ takes no messages: an alarm of its memory or its disk is on."""


class BrokerLink:
    """Opens a connection at its first use and keeps it until `drop`. For one thread.

    RabbitMQ under an alarm blocks whoever publishes: it says so (``connection.blocked``) and
    reads that connection no more until the alarm is over. Such a connection is kept and listened
    to: of one that is closed RabbitMQ would not see the end before, and a new one every second
    would cost it the memory that it lacks.
    """

    def __init__(
        self, app: Celery, *, timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Remember what to open; ``timeout_s`` is for the connect and each answer to it."""
        self._app = app
        self._timeout_s = timeout_s
        self._clock = clock
        self._connection: Connection | None = None
        self._blocked_since: float | None = None

    def run(self, step: Callable[[Connection], T]) -> T:
        """Run ``step`` on the connection.

        Raises:
            BrokerBlockedError: nothing can be published, and nothing asked, until an alarm is over.
            BrokerUnfitError: the broker is too old.
            Exception: whatever the broker's client raises; the connection is dropped.
        """
        try:
            if self._blocked_since is not None:
                self._listen()
            return step(self._open())
        except BrokerBlockedError:
            raise
        except Exception:
            self.drop()
            raise

    def drop(self) -> None:
        """Close the socket without a farewell, which a broker that hangs would not answer."""
        if self._connection is not None:
            self._connection.collect()
        self._connection = self._blocked_since = None

    def _open(self) -> Connection:
        if self._connection is None:
            notices = {"on_blocked": self._on_blocked, "on_unblocked": self._on_unblocked}
            self._connection = self._app.connection_for_write(
                connect_timeout=self._timeout_s,
                transport_options=notices,
            )
            check_version(self._connection)
        return self._connection

    def _listen(self) -> None:
        """Read what a broker that blocked us has sent meanwhile, without waiting for more."""
        with suppress(TimeoutError):
            self._open().drain_events(timeout=0)
        if self._blocked_since is not None:
            raise BrokerBlockedError
        # What was asked before is answered now: a new connection knows what its answers are to.
        self.drop()

    def _on_blocked(self, reason: Any) -> None:
        """Break off the call during which RabbitMQ says it: no answer to that call will come."""
        self._blocked_since = self._clock()
        _log.warning("broker.blocked", reason=str(reason))
        raise BrokerBlockedError

    def _on_unblocked(self) -> None:
        if self._blocked_since is not None:
            blocked_s = round(self._clock() - self._blocked_since, 1)
            _log.info("broker.unblocked", blocked_s=blocked_s)
        self._blocked_since = None
