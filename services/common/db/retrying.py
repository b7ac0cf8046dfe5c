"""Database steps that are tried again while the database restarts or fails over."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.errors import TransientError
from services.common.telemetry import get_logger

T = TypeVar("T")

# Longer than a restart or a failover; then the lease takes over.
RETRY_FOR_S = 60.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0

_log = get_logger(__name__)


class RetryingDatabase:
    """Runs idempotent steps, each in its own transaction, again while the database is away.

    A step may run twice although its first commit succeeded (the answer was lost), so only
    steps that are fenced by a token or idempotent by themselves belong here.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        retry_for_s: float = RETRY_FOR_S,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sessions = sessions
        self._retry_for_s = retry_for_s
        self._clock = clock
        self._pause = pause

    def run(self, step: Callable[[Session], T]) -> T:
        """Run ``step`` and commit.

        Raises:
            TransientError: the database stayed away for longer than that.
        """
        give_up_at = self._clock() + self._retry_for_s
        wait_s = FIRST_PAUSE_S
        while True:
            try:
                with unit_of_work(self._sessions) as session:
                    return step(session)
            except (DBAPIError, PoolTimeoutError) as error:
                if not _is_passing(error):
                    raise
                if self._clock() >= give_up_at:
                    raise TransientError("the database is not reachable") from error
                _log.warning("database.retry", error=type(error).__name__, wait_s=wait_s)
            self._pause(wait_s)
            wait_s = min(2 * wait_s, LONGEST_PAUSE_S)


def _is_passing(error: DBAPIError | PoolTimeoutError) -> bool:
    """Whether a new connection may help: refused, restarted, cancelled, deadlocked."""
    if isinstance(error, DBAPIError):
        kinds = (OperationalError, InterfaceError)
        return isinstance(error, kinds) or error.connection_invalidated
    return True
