"""Counters that all processes of the API share, in the broker's Redis.

Each question is one script, hence one round trip and no race. Every key expires, so that a process
that is killed leaks nothing. Redis' clock is the only one. Where Redis does not answer nothing is
counted and everything served: it may be lost at any moment, and the service goes on.
"""

import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar, cast

from redis import Redis
from redis.exceptions import RedisError

from services.common.broker.celery_app import broker_url
from services.common.config import BrokerSettings
from services.common.limiting.counters import LEASE_S, Grant, LocalCounters, Rate, Slot
from services.common.telemetry import Metrics, get_logger

T = TypeVar("T")

# How long a request waits for Redis, which answers within a millisecond.
TIMEOUT_S = 0.25
LOCAL_SHARE = 8
PROBE_S = 1.0
_PREFIX = "hfer:limit:"

# The same as `counters.meter`, in microseconds.
_HIT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = 1000000 / ARGV[1]
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local late = tat + interval - 1000000 - now
if late > 10 then  -- that much is lost by rounding
  return {0, 0, math.ceil(late), math.ceil(tat - now)}
end
tat = tat + interval
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000) + 1)
local remaining = math.floor((1000000 - (tat - now)) / interval + 0.001)
return {1, remaining, 0, math.ceil(tat - now)}
"""
_ACQUIRE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local used = redis.call('ZCARD', KEYS[1])
if used >= tonumber(ARGV[2]) then
  return {0, used}
end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1, used + 1}
"""
_RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for slot = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[slot])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""

_log = get_logger(__name__)


class RedisCounters:
    """Counts of all processes. Threads may share it; a forked child needs one of its own.

    A thread of its own finds Redis, which may hang in the look-up of a name, and renews the slots
    that are held; who asks waits `TIMEOUT_S` at most.
    """

    def __init__(
        self, settings: BrokerSettings, *, metrics: Metrics, lease_s: float = LEASE_S
    ) -> None:
        self._redis = Redis.from_url(
            _readable(broker_url(settings)),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        self._hit = self._redis.register_script(_HIT)
        self._acquire = self._redis.register_script(_ACQUIRE)
        self._renew = self._redis.register_script(_RENEW)
        self._metrics = metrics
        self._lease_s = lease_s
        self._held: set[Slot] = set()
        self._local = LocalCounters()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._probed = threading.Event()
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._away = False

    def hit(self, key: str, *, per_second: int) -> Rate | None:
        """Count a request; None where Redis does not answer."""
        keys = [f"{_PREFIX}requests:{key}"]
        answer = self._ask(lambda: self._hit(keys=keys, args=[per_second]))
        if answer is None:
            return None
        allowed, remaining, retry_us, reset_us = cast("list[int]", answer)
        return Rate(bool(allowed), remaining, retry_us / 1e6, reset_us / 1e6)

    def acquire_local(self, kind: str, key: str, *, most: int) -> Slot | None:
        """Take one of the eighth of a large limit that each process gives away by itself.

        So the usual few bodies of a key cost no round trip; eight processes of the API may in all
        hold up to twice the limit. One below `LOCAL_SHARE` is exact.
        """
        return self._local.acquire_local(kind, key, most=most // LOCAL_SHARE)

    def acquire(self, kind: str, key: str, *, most: int) -> Grant | None:
        """Ask for one of ``most`` slots; None where Redis does not answer."""
        slot = Slot(f"{_PREFIX}{kind}:{key}", uuid.uuid4().hex)
        args: list[str | int] = [self._lease_ms, most, slot.token]
        answer = self._ask(lambda: self._acquire(keys=[slot.counter], args=args))
        if answer is None:
            return None
        acquired, used = cast("list[int]", answer)
        if not acquired:
            return Grant(None, used)
        with self._lock:
            self._held.add(slot)
        return Grant(slot, used)

    def release_local(self, slot: Slot) -> bool:
        """Let the slot run out; whether Redis knows of it."""
        with self._lock:
            held = slot in self._held
            self._held.discard(slot)
        return held or self._local.release_local(slot)

    def release(self, slot: Slot) -> None:
        """Give the slot to others."""
        self.release_local(slot)
        if self._ready.is_set():
            self._ask(lambda: self._redis.zrem(slot.counter, slot.token))

    def renew(self) -> None:
        """Hold for longer what is held."""
        with self._lock:
            held = list(self._held)
        by_counter: defaultdict[str, list[str]] = defaultdict(list)
        for slot in held:
            by_counter[slot.counter].append(slot.token)
        for counter, tokens in by_counter.items():
            args: list[str | int] = [self._lease_ms, *tokens]
            self._renew(keys=[counter], args=args)
        with self._lock:
            released = [slot for slot in held if slot not in self._held]
        for slot in released:  # meanwhile, perhaps before it was renewed
            self._redis.zrem(slot.counter, slot.token)

    def close(self) -> None:
        """Drop the connections; the thread ends by itself."""
        self._closing.set()
        self._wake.set()
        self._redis.close()

    @property
    def _lease_ms(self) -> int:
        return int(1000 * self._lease_s)

    def _ask(self, question: Callable[[], T]) -> T | None:
        self._start()
        self._probed.wait(TIMEOUT_S)
        if self._ready.is_set():
            try:
                return question()
            except (RedisError, OSError) as error:
                self._note(error)
                self._wake.set()
        self._metrics.uncounted_requests.inc()
        return None

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="limits", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while not self._closing.is_set():
            try:
                if self._ready.is_set():
                    self.renew()
                else:
                    self._redis.ping()
                    self._found()
            except (RedisError, OSError) as error:
                self._note(error)
            self._probed.set()
            self._wake.wait(self._lease_s / 3 if self._ready.is_set() else PROBE_S)
            self._wake.clear()

    def _found(self) -> None:
        self._ready.set()
        if self._away:
            self._away = False
            _log.info("limits.counted")

    def _note(self, error: Exception) -> None:
        self._ready.clear()
        if not self._away:  # once an outage, however many requests it meets
            self._away = True
            _log.warning("limits.uncounted", error=type(error).__name__)


def _readable(url: str) -> str:
    """Write what kombu reads of TLS as redis-py does: ``CERT_REQUIRED`` is ``required``."""
    return re.sub(r"(ssl_cert_reqs=)CERT_(\w+)", lambda found: found[1] + found[2].lower(), url)
