"""What keys may do for seconds: requests a second, and what is open at a time.

Where the counters cannot be asked everything is served: they are no quota. Quotas, of photos and
bytes, are checked in the transaction that takes them in (`services.common.jobs.room`).
"""

import math
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool

from services.api.middleware import ANSWER_HEADERS
from services.api.state import ApiState
from services.common.domain.tenants import LimitExceededError, TenantLimits
from services.common.keys.service import Principal
from services.common.limiting.counters import Grant, Rate

_REQUESTS = "requests_per_second"
_OPEN = {
    "open_uploads": "{used} of your requests are still sending a body and {limit} may; send this "
    "one when another is through.",
    "open_streams": "{used} of your event streams are open and {limit} may be; close one, or poll "
    "the job.",
}


def limits_of(state: ApiState, caller: Principal) -> TenantLimits:
    """Return the limits that hold for a caller; 0 is no limit."""
    return caller.limits.over(state.tenant_limits)


def count_request(state: ApiState, caller: Principal, scope: MutableMapping[str, Any]) -> None:
    """Count a request of a key whose requests are limited, and note what the answer tells of it.

    Raises:
        LimitExceededError: one more came than may in a second.
    """
    limit = limits_of(state, caller).requests_per_second
    if not limit:
        return
    rate = state.counters.hit(caller.key_id, per_second=limit)
    if rate is None:
        return
    scope.setdefault(ANSWER_HEADERS, {}).update(rate_headers(rate, limit=limit))
    if not rate.allowed:
        raise LimitExceededError(
            f"This key may make {limit} requests a second and has made them; wait a moment.",
            name=_REQUESTS,
            limit=limit,
            used=limit,
            retry_after_s=math.ceil(rate.retry_s),
        )


def rate_headers(rate: Rate, *, limit: int) -> dict[str, str]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers-12 for a limit of requests."""
    return {
        "RateLimit-Policy": f'"{_REQUESTS}";q={limit};w=1',
        "RateLimit": f'"{_REQUESTS}";r={rate.remaining};t={math.ceil(rate.reset_s)}',
    }


@asynccontextmanager
async def holding(state: ApiState, caller: Principal, kind: str) -> AsyncIterator[None]:
    """Hold one of the slots of a key for the length of the block.

    Args:
        state: of the process.
        caller: whose key.
        kind: ``open_uploads`` or ``open_streams``.

    Raises:
        LimitExceededError: there is none.
    """
    most: int | None = getattr(limits_of(state, caller), kind)
    if not most:
        yield
        return
    counters = state.counters
    slot = counters.acquire_local(kind, caller.key_id, most=most)
    grant = Grant(slot, 0) if slot else None
    if grant is None:
        grant = await run_in_threadpool(counters.acquire, kind, caller.key_id, most=most)
    if grant is None:
        yield
        return
    if grant.slot is None:
        raise LimitExceededError(
            _OPEN[kind].format(used=grant.used, limit=most), name=kind, limit=most, used=grant.used
        )
    try:
        yield
    finally:
        # First: if this task is being cancelled nothing that waits may follow.
        if counters.release_local(grant.slot):
            await run_in_threadpool(counters.release, grant.slot)
