"""Sessions end by logout, by age, and not by themselves."""

import asyncio
from typing import Any

from services.web.marks import LocalMarks
from services.web.sessions import KNOWN_S, LONGEST_S, Sessions


class Times:
    """A clock of both kinds that a test sets."""

    now = 5_000.0

    def __call__(self) -> float:
        return self.now


def sessions(marks: LocalMarks, times: Times) -> Sessions:
    return Sessions(marks, clock=times, wall_clock=times)


def test_a_copy_ends_with_the_logout_in_other_processes_after_two_seconds() -> None:
    async def story() -> None:
        times = Times()
        marks = LocalMarks(clock=times)
        here, there = sessions(marks, times), sessions(marks, times)
        session: dict[str, Any] = {}
        here.begin(session, "user")
        copy = dict(session)
        assert await there.role(copy) == "user"
        await here.end(session)
        assert session == {}
        assert await here.role(copy) is None
        times.now += KNOWN_S
        assert await there.role(copy) is None

    asyncio.run(story())


def test_no_session_outlives_a_week_and_its_end_is_known_as_long() -> None:
    async def story() -> None:
        times = Times()
        one = sessions(LocalMarks(clock=times), times)
        session: dict[str, Any] = {}
        one.begin(session, "admin")
        ended: dict[str, Any] = {}
        one.begin(ended, "admin")
        copy = dict(ended)
        await one.end(ended)
        times.now += LONGEST_S - 1
        assert await one.role(session) == "admin"
        assert await one.role(copy) is None
        times.now += 2
        assert await one.role(session) is None
        assert await one.role(copy) is None

    asyncio.run(story())


def test_what_is_no_session_of_ours_has_no_role() -> None:
    async def story() -> None:
        one = sessions(LocalMarks(), Times())
        for session in ({}, {"role": "admin"}, {"role": "admin", "id": 7, "begun": 5_000}):
            assert await one.role(session) is None
        await one.end({"flash": "hello"})

    asyncio.run(story())
