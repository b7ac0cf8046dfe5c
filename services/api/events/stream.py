"""The stream of one listener: what is new, as server-sent events, until the job is final."""

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from fastapi.sse import format_sse_event
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.api.events.schemas import EventKind, job_progress
from services.api.events.watch import JobWatch, Listener
from services.api.jobs.results.schemas import photo_result
from services.api.jobs.schemas import job_object
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.errors import JobError
from services.common.domain.jobs import JobCounts, JobStatus
from services.common.jobs.events import FINAL_EVENT, JobNews, read_news
from services.common.telemetry import get_logger

RETRY_MS = 3_000
PING_S = 15.0
# A page of 100 photos is 100 kB, or 10 MB if each of them shows 100 faces.
PAGE = 100

_PING = b": ping\n\n"
_STOPPING = b": the service stops, come back\n\n"
_KEY_ENDED = b": the API key was revoked or has expired\n\n"
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobStream:
    """Streams the events of one job that follow the event ``after``.

    Between two reads it holds no thread and no connection. It ends after ``job.finished``, or
    without it when the job is erased, for which the client that comes back gets a 410, when its
    key is revoked or expires (401), and when the process stops: then a comment is the last that it
    says.

    Attributes:
        sessions: where to read.
        watch: wakes it when there is something to read.
        tenant: whose job it is.
        job: public id.
        job_id: bigint id.
        after: number of the last event that the client has, 0 for none.
        base: what precedes the paths of links.
        ping_s: longest silence.
        page: most photos read at once.
        clock: seconds, monotonic.
    """

    sessions: SessionFactory
    watch: JobWatch
    tenant: str
    job: uuid.UUID
    job_id: int
    after: int = 0
    base: str = ""
    ping_s: float = PING_S
    page: int = PAGE
    clock: Callable[[], float] = time.monotonic

    async def frames(self, listener: Listener) -> AsyncIterator[bytes]:
        """Yield the bytes of the stream."""
        yield format_sse_event(retry=RETRY_MS)
        writer = EventWriter(self.base, cursor=self.after, pause_s=self.watch.tick_s)
        sent_at = self.clock()
        with self.watch.following(listener, self.job_id):
            while not (self.watch.closing or listener.ended):
                try:
                    news = await self.watch.read(partial(self._read, writer.cursor))
                except JobError:  # erased meanwhile
                    return
                except (DBAPIError, PoolTimeoutError) as error:
                    _log.warning("stream.waits", error=type(error).__name__)
                    news = None
                for frame in writer.write(news, now=self.clock()) if news else ():
                    yield frame
                    sent_at = self.clock()
                if writer.done:
                    return
                if news and news.finished.more:
                    continue
                hurry = news is None or news.finished.held_back or writer.owes_progress
                await listener.wait(self.watch.tick_s if hurry else self.ping_s)
                if self.clock() - sent_at >= self.ping_s:
                    yield _PING
                    sent_at = self.clock()
            yield _KEY_ENDED if listener.ended else _STOPPING

    def _read(self, after: int) -> JobNews:
        with unit_of_work(self.sessions) as session:
            return read_news(session, self.tenant, self.job, after=after, limit=self.page)


@dataclass(slots=True)
class EventWriter:
    """Turns news into events and remembers the last progress that was sent."""

    base: str
    cursor: int
    pause_s: float
    done: bool = False
    owes_progress: bool = False
    _sent: tuple[JobStatus, JobCounts] | None = field(default=None, init=False)
    _sent_at: float = field(default=float("-inf"), init=False)

    def write(self, news: JobNews, *, now: float) -> Iterator[bytes]:
        """Yield the events of ``news``: photos first, so that counts never run ahead of them."""
        top_n = news.view.job.options["top_n"]
        for finished in news.finished.photos:
            photo = photo_result(finished.photo, top_n=top_n)
            yield _frame(EventKind.ITEM_FINISHED, photo, event_id=photo.item_id)
            self.cursor = finished.event_id
        if news.view.status.final and not news.finished.more:
            job = job_object(news.view, base=self.base)
            yield _frame(EventKind.JOB_FINISHED, job, event_id=str(FINAL_EVENT))
            self.done = True
            return
        progress = news.view.status, news.view.counts
        changed = progress != self._sent
        due = now - self._sent_at >= self.pause_s
        if changed and due:
            yield _frame(EventKind.JOB_PROGRESS, job_progress(news.view))
            self._sent, self._sent_at = progress, now
        self.owes_progress = changed and not due


def _frame(kind: EventKind, body: BaseModel, *, event_id: str | None = None) -> bytes:
    return format_sse_event(
        event=kind.value,
        data_str=body.model_dump_json(),
        id=event_id,
    )
