"""What is counted of a key for seconds: requests, by a leaky bucket (GCRA), and what is open.

Quotas are not counted here: Postgres is the truth about photos and bytes.
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# A slot is given up so long after its process died.
LEASE_S = 60.0
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Rate:
    """What became of one request.

    Attributes:
        allowed: whether it may be served.
        remaining: how many more may follow at once.
        retry_s: when the next one may; 0 if it is allowed.
        reset_s: when as many as ever may again.
    """

    allowed: bool
    remaining: int
    retry_s: float
    reset_s: float


@dataclass(frozen=True, slots=True)
class Slot:
    """One of those that a key may hold at a time."""

    counter: str
    token: str


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to who asks for a slot: None if there is none; ``used`` counts those held."""

    slot: Slot | None
    used: int


class Counters(Protocol):
    """Counts of all keys. Threads may share it; no call raises or takes long."""

    def hit(self, key: str, *, per_second: int) -> Rate | None:
        """Count a request; None where it cannot be counted, and is served."""

    def acquire_local(self, kind: str, key: str, *, most: int) -> Slot | None:
        """Take one of the slots that need no call to anybody; None if there is none left."""

    def acquire(self, kind: str, key: str, *, most: int) -> Grant | None:
        """Ask for one of ``most`` slots; None where they cannot be counted, and there is one."""

    def release_local(self, slot: Slot) -> bool:
        """Stop holding a slot, without a call to anybody; whether `release` has to tell others."""

    def release(self, slot: Slot) -> None:
        """Give the slot to others."""

    def close(self) -> None:
        """Drop connections and end threads."""


def meter(tat: float, now: float, *, per_second: int) -> tuple[Rate, float]:
    """Decide over one request by the generic cell rate algorithm, with a second's worth of burst.

    Args:
        tat: when the bucket is empty again, "theoretical arrival time", in s.
        now: the time, in s.
        per_second: how many requests a second may come.

    Returns:
        What becomes of it, and the new ``tat``.
    """
    interval = 1 / per_second
    tat = max(tat, now)
    late = tat + interval - 1 - now
    if late > _ROUNDING_S:
        return Rate(allowed=False, remaining=0, retry_s=late, reset_s=tat - now), tat
    tat += interval
    remaining = int((1 - (tat - now)) * per_second + 1e-6)  # a float's last digit costs none
    return Rate(allowed=True, remaining=remaining, retry_s=0.0, reset_s=tat - now), tat


class LocalCounters:
    """Counts within this process: for a deployment whose broker is not Redis.

    Each process of the API allows as much again.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tats: dict[str, float] = {}
        self._slots: dict[str, set[str]] = {}
        self._swept = float("-inf")

    def hit(self, key: str, *, per_second: int) -> Rate:
        """Count a request."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            rate, self._tats[key] = meter(self._tats.get(key, now), now, per_second=per_second)
            return rate

    def acquire_local(self, kind: str, key: str, *, most: int) -> Slot | None:
        """Take one of ``most`` slots."""
        return self.acquire(kind, key, most=most).slot

    def acquire(self, kind: str, key: str, *, most: int) -> Grant:
        """Ask for one of ``most`` slots."""
        counter = f"{kind}:{key}"
        with self._lock:
            held = self._slots.get(counter, set())
            if len(held) >= most:
                return Grant(None, len(held))
            slot = Slot(counter, uuid.uuid4().hex)
            self._slots[counter] = held
            held.add(slot.token)
            return Grant(slot, len(held))

    def release_local(self, slot: Slot) -> bool:
        """Give the slot to others."""
        with self._lock:
            held = self._slots.get(slot.counter, set())
            held.discard(slot.token)
            if not held:
                self._slots.pop(slot.counter, None)
        return False

    def release(self, slot: Slot) -> None:
        """Give the slot to others."""
        self.release_local(slot)

    def close(self) -> None:
        """Nothing is open."""

    def _sweep(self, now: float) -> None:
        """Forget buckets that are empty, once a second, so that they are few."""
        if now - self._swept >= 1:
            self._swept = now
            self._tats = {key: tat for key, tat in self._tats.items() if tat > now}
