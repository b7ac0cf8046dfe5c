"""What a listener is told: coalesced progress, pings, an end; with news made up."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from services.api.events.stream import RETRY_MS, EventWriter, JobStream
from services.api.events.watch import JobWatch
from services.common.db.tables import Job
from services.common.domain.jobs import JobCounts, JobStatus
from services.common.jobs.events import FINAL_EVENT, JobNews
from services.common.jobs.repositories.events import FinishedPhoto, FinishedPhotos
from services.common.jobs.views import JobView
from tests.fixtures.jobs import OPTIONS, photo_record

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
QUIET = FinishedPhotos([], more=False, held_back=False)


def news(
    done: int = 0, *, status: JobStatus = JobStatus.RUNNING, finished: FinishedPhotos = QUIET
) -> JobNews:
    job = Job(
        public_id=uuid.UUID(int=7),
        tenant="archive",
        status=status,
        created_at=NOW,
        started_at=NOW,
        options=OPTIONS,
        labels={},
    )
    counts = JobCounts(total=4, queued=4 - done, succeeded=done)
    return JobNews(JobView(job, None, counts, None, NOW), finished)


def photos(*numbers: int, more: bool = False) -> FinishedPhotos:
    told = [FinishedPhoto(number, photo_record(number)) for number in numbers]
    return FinishedPhotos(told, more=more, held_back=False)


def writer() -> EventWriter:
    return EventWriter("", cursor=0, pause_s=0.5)


def kinds(frames: Iterator[bytes]) -> list[str]:
    return [frame.split(b"\n")[0].decode().removeprefix("event: ") for frame in frames]


class TestTell:
    def test_photos_come_before_the_counts_that_hold_them(self) -> None:
        told = kinds(writer().write(news(2, finished=photos(5, 9)), now=0.0))
        assert told == ["item.finished", "item.finished", "job.progress"]

    def test_progress_comes_twice_a_second_at_most(self) -> None:
        one = writer()
        told = [
            kinds(one.write(news(done), now=now))
            for done, now in ((0, 0.0), (1, 0.3), (2, 0.4), (2, 0.5), (2, 1.5), (3, 1.6))
        ]
        assert [len(frames) for frames in told] == [1, 0, 0, 1, 0, 1]

    def test_owes_progress_that_came_too_soon(self) -> None:
        one = writer()
        list(one.write(news(0), now=0.0))
        list(one.write(news(1), now=0.1))
        assert one.owes_progress
        list(one.write(news(1), now=0.6))
        assert not one.owes_progress

    def test_ends_only_when_every_photo_was_told(self) -> None:
        one = writer()
        full = photos(1, 2, more=True)
        told = kinds(one.write(news(4, status=JobStatus.SUCCEEDED, finished=full), now=0.0))
        assert "job.finished" not in told
        assert not one.done
        rest = list(one.write(news(4, status=JobStatus.SUCCEEDED, finished=photos(3)), now=0.1))
        assert kinds(iter(rest)) == ["item.finished", "job.finished"]
        assert f"id: {FINAL_EVENT}".encode() in rest[-1]
        assert one.done


@dataclass
class Clock:
    """Seconds that pass by what is waited."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ScriptedWatch:
    """Gives the news of a script, one per read, and passes the time that is waited for."""

    clock: Clock
    script: list[JobNews | Exception]
    tick_s: float = 0.5
    closing: bool = False
    ended: bool = False
    waits: list[float] = field(default_factory=list)

    async def read(self, _query: Callable[[], Any]) -> JobNews:
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def following(self, _listener: object, _job: int) -> Any:
        watch = JobWatch(dict, live=list, per_tenant=1)  # type: ignore[arg-type]
        return watch.admit("t", credential=(b"", "full"))

    async def wait(self, timeout_s: float) -> bool:
        self.closing = not self.script
        self.waits.append(timeout_s)
        self.clock.now += timeout_s
        return False


def collect(script: list[JobNews | Exception]) -> tuple[list[bytes], list[float]]:
    clock = Clock()
    watch = ScriptedWatch(clock, script)
    stream = JobStream(
        sessions=None,  # type: ignore[arg-type] # never reached: the watch reads the script
        watch=watch,  # type: ignore[arg-type]
        tenant="t",
        job=uuid.UUID(int=7),
        job_id=7,
        clock=clock,
    )

    async def run() -> list[bytes]:
        listener: Any = watch
        return [frame async for frame in stream.frames(listener)]

    return asyncio.run(run()), watch.waits


class TestFrames:
    def test_says_first_when_to_come_back(self) -> None:
        frames, _ = collect([news(4, status=JobStatus.SUCCEEDED)])
        assert frames[0] == f"retry: {RETRY_MS}\n\n".encode()
        assert kinds(iter(frames[1:])) == ["job.finished"]

    def test_pings_after_fifteen_quiet_seconds(self) -> None:
        quiet = news(0)
        frames, waits = collect([quiet, quiet, quiet, news(4, status=JobStatus.FAILED)])
        assert waits == [15.0] * 3
        assert frames.count(b": ping\n\n") == 3

    def test_looks_again_soon_while_photos_are_held_back(self) -> None:
        held = news(1, finished=replace(QUIET, held_back=True))
        _, waits = collect([held, held, news(4, status=JobStatus.SUCCEEDED)])
        assert waits == [0.5, 0.5]

    def test_reads_on_at_once_after_a_full_page(self) -> None:
        _, waits = collect(
            [
                news(4, status=JobStatus.SUCCEEDED, finished=photos(1, 2, more=True)),
                news(4, status=JobStatus.SUCCEEDED, finished=photos(3, 4)),
            ]
        )
        assert waits == []

    @pytest.mark.parametrize("times", [1, 3])
    def test_stays_open_while_the_database_is_away(self, times: int) -> None:
        away: list[JobNews | Exception] = [
            OperationalError("SELECT", {}, OSError()) for _ in range(times)
        ]
        frames, waits = collect([*away, news(4, status=JobStatus.SUCCEEDED)])
        assert waits == [0.5] * times
        assert kinds(iter(frames))[-1] == "job.finished"

    def test_ends_with_a_comment_when_the_process_stops(self) -> None:
        frames, _ = collect([news(0)])
        assert kinds(iter(frames[1:-1])) == ["job.progress", ": ping"]
        assert frames[-1].startswith(b": the service stops")
