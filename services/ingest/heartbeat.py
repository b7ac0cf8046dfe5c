"""The heartbeat of an ingest process, beside those of the workers."""

import os
import socket
import uuid
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from services.common.db.session import SessionFactory, unit_of_work
from services.common.processes.repositories import FetcherRepository
from services.common.telemetry import get_logger

_log = get_logger(__name__)


class Heartbeat:
    """Keeps the row of this process fresh, and takes it away at the end."""

    def __init__(self, sessions: SessionFactory, *, busy: Callable[[], int]) -> None:
        self._sessions = sessions
        self._busy = busy
        self._id = uuid.uuid4()

    def beat(self) -> bool:
        """Beat once; never more to do right now."""
        with unit_of_work(self._sessions) as session:
            FetcherRepository(session).beat(
                self._id,
                host=socket.gethostname(),
                pid=os.getpid(),
                current={"fetching": self._busy()},
            )
        return False

    def stop(self) -> None:
        """Take the row away; without a database it just grows old."""
        try:
            with unit_of_work(self._sessions) as session:
                FetcherRepository(session).remove(self._id)
        except SQLAlchemyError as error:
            _log.warning("heartbeat.missed", error=type(error).__name__)
