"""Wrong passwords: who has to wait, how long, and that nobody makes another wait."""

import asyncio
from dataclasses import dataclass

import pytest

from services.web.marks import LocalMarks
from services.web.throttle import (
    FORGET_S,
    FREE_TRIES,
    LONGEST_WAIT_S,
    MANY_FAILURES,
    LoginThrottle,
    counted_as,
    delay_s,
)


@dataclass
class Clock:
    """Seconds that a test sets."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(LocalMarks(clock=clock))


async def guess(throttle: LoginThrottle, address: str, times: int = 1) -> list[float]:
    waits = []
    for _ in range(times):
        wait_s = await throttle.admit(address)
        if not wait_s:
            await throttle.failed()
        waits.append(wait_s)
    return waits


@pytest.mark.parametrize(
    ("failures", "of_all", "seconds"),
    [
        (0, 0, 0.0),
        (FREE_TRIES - 1, 0, 0.0),
        (FREE_TRIES, 0, 1.0),
        (FREE_TRIES + 3, 0, 8.0),
        (1_000_000, 0, LONGEST_WAIT_S),
        (0, 10**9, 0.0),
        (1, MANY_FAILURES, 1.0),
        (1, MANY_FAILURES - 1, 0.0),
    ],
)
def test_delay(failures: int, of_all: int, seconds: float) -> None:
    assert delay_s(failures, of_all=of_all) == seconds


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 300, "x" * 100),
    ],
)
def test_addresses_are_counted_by_what_one_visitor_holds(address: str, counted: str) -> None:
    assert counted_as(address) == counted


def test_waits_grow_and_end(throttle: LoginThrottle, clock: Clock) -> None:
    async def story() -> None:
        assert await guess(throttle, "a", FREE_TRIES + 1) == [0.0] * FREE_TRIES + [1.0]
        clock.now += 0.25
        assert await throttle.admit("a") == 0.75
        clock.now += 0.75
        assert await guess(throttle, "a", 2) == [0.0, 2.0]
        clock.now += FORGET_S + 1
        assert await guess(throttle, "a", FREE_TRIES) == [0.0] * FREE_TRIES

    asyncio.run(story())


def test_many_addresses_that_guess_refuse_no_address_that_was_never_wrong(
    throttle: LoginThrottle,
) -> None:
    async def story() -> None:
        for host in range(MANY_FAILURES):
            await guess(throttle, f"10.0.0.{host}")
        assert await guess(throttle, "10.0.0.1") == [1.0]  # one try, not five
        assert await throttle.admit("192.0.2.1") == 0.0

    asyncio.run(story())


def test_the_right_password_is_no_failure_and_forgives_none(throttle: LoginThrottle) -> None:
    async def story() -> None:
        await guess(throttle, "a", FREE_TRIES - 1)
        for _ in range(20):  # an office behind one address comes in the morning
            assert await throttle.admit("a") == 0.0
            await throttle.succeeded("a")
        assert await guess(throttle, "a", 2) == [0.0, 1.0]

    asyncio.run(story())


def test_tries_at_the_same_moment_are_counted_before_they_are_looked_at(
    throttle: LoginThrottle,
) -> None:
    async def story() -> None:
        waits = await asyncio.gather(*(throttle.admit("a") for _ in range(50)))
        assert waits.count(0.0) <= FREE_TRIES

    asyncio.run(story())
