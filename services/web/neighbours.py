"""Which photo stands before and after another in a list; an order is kept for a short while."""

import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.web.gateway import ApiRefusalError, Gateway, path_of

# Long enough to go on from photo to photo, short enough for a job that still runs.
_KEPT_S = 60.0
# Each of a job of 100,000 photos takes 400 kB.
_KEPT = 16
_NOT_FOUND = 404
# Of a filter, what the API says no to is told by the list itself.
_REFUSED = frozenset({400, _NOT_FOUND, 422})

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """A photo's place of ``total`` in a list, and the ids of those beside it."""

    at: int
    total: int
    previous: str | None
    next: str | None


class Neighbours:
    """Finds them, with the orders of the lists that were asked for last."""

    def __init__(self, gateway: Gateway, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gateway = gateway
        self._clock = clock
        self._orders: OrderedDict[Key, tuple[float, array[int]]] = OrderedDict()

    async def place(
        self, job_id: str, photo: Mapping[str, Any], chosen: Mapping[str, str], *, total: int
    ) -> Place | None:
        """Return where ``photo`` stands in the list ``chosen`` of a job of ``total`` photos.

        None when it is not in the list, or the API is of before it knew lists.
        """
        index = int(photo.get("index") or 0)
        try:
            if set(chosen) <= {"of"} or chosen == {"sort": "sent"}:
                beside = (index - 1 if index else None, index + 1 if index + 1 < total else None)
                at, length = index, total
            else:
                order = await self._order(job_id, chosen)
                if index not in order:
                    return None
                at, length = order.index(index), len(order)
                beside = (
                    order[at - 1] if at else None,
                    order[at + 1] if at + 1 < length else None,
                )
            ids = await self._ids(job_id, [one for one in beside if one is not None])
        except ApiRefusalError as refusal:
            if refusal.status in _REFUSED:
                return None
            raise
        before, after = (None if one is None else ids.get(one) for one in beside)
        return Place(at, length, before, after)

    async def _order(self, job_id: str, chosen: Mapping[str, str]) -> "array[int]":
        key = (job_id, tuple(sorted(chosen.items())))
        at, order = self._orders.get(key, (float("-inf"), array("i")))
        if self._clock() - at > _KEPT_S:
            found = await self._gateway.get(path_of("jobs", job_id, "order"), dict(chosen))
            # Of faces, a photo comes once for each: it is one step all the same.
            order = array("i", dict.fromkeys(found.get("index") or ()))
            self._orders[key] = (self._clock(), order)
            self._orders.move_to_end(key)
            if len(self._orders) > _KEPT:
                self._orders.popitem(last=False)
        return order

    async def _ids(self, job_id: str, numbers: list[int]) -> dict[int, str]:
        if not numbers:
            return {}
        query = {"index": [str(number) for number in numbers]}
        found = await self._gateway.get(path_of("jobs", job_id, "items"), query)
        return {int(one["index"]): str(one["item_id"]) for one in found.get("data") or ()}
