"""Which other jobs have a job's photos: the one that it runs again, and those that run it again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.web.gateway import ApiRefusalError, Gateway, path_of
from services.web.state import now
from services.web.views.jobs import FINAL, JobView, job_view

_MOST = 20


@dataclass(frozen=True, slots=True)
class Kin:
    """Jobs around one.

    Attributes:
        parent: the job that this one retries or runs again, if it is still there.
        is_rerun: whether all its photos are here.
        reruns: newest first, final ones of the same photos: of this job, and of its parent.
    """

    parent: JobView | None = None
    is_rerun: bool = False
    reruns: tuple[JobView, ...] = ()

    @property
    def others(self) -> tuple[JobView, ...]:
        """All that this job can be compared with."""
        return ((self.parent,) if self.parent and self.is_rerun else ()) + self.reruns


async def kin_of(gateway: Gateway, job: Mapping[str, Any]) -> Kin:
    """Ask for the jobs around ``job``, an object of the API."""
    parent_id, final = job.get("parent_job_id"), job.get("status") in FINAL
    found, *lists = await asyncio.gather(
        _parent(gateway, parent_id),
        *(_children(gateway, one) for one in (job.get("id"), parent_id) if one and final),
    )
    parent = None if found is None else job_view(found, now=now())
    photos = int((job.get("counts") or {}).get("total") or 0)
    is_rerun = parent is not None and _photos(parent) == photos
    near = lists if is_rerun else lists[:1]
    children = {view.id: view for views in near for view in views if view.id != job.get("id")}
    same = [view for view in children.values() if _photos(view) == photos]
    return Kin(parent, is_rerun, tuple(view for view in same if view.final))


async def _parent(gateway: Gateway, parent_id: str | None) -> dict[str, Any] | None:
    if not parent_id:
        return None
    try:
        return await gateway.get(path_of("jobs", parent_id))
    except ApiRefusalError:
        return None  # it was erased meanwhile: nothing is to be said of it


async def _children(gateway: Gateway, job_id: str) -> list[JobView]:
    query: dict[str, str | int] = {"parent_job_id": job_id, "limit": _MOST}
    page = await gateway.get("/v1/jobs", query)
    # An API of before narrows by nothing here.
    found = [job for job in page.get("data") or () if job.get("parent_job_id") == job_id]
    return [job_view(job, now=now()) for job in found]


def _photos(view: JobView) -> int:
    return view.counts.get("total", 0)
