"""What people say of faces, for async programs; see `hfer.reviews`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from urllib.parse import quote

from hfer._codec import decode
from hfer._pages import entries
from hfer._retry import ONCE
from hfer._transport import Call, Transport, json_call
from hfer.errors import UnexpectedAnswerError
from hfer.review_models import Review, ReviewChange, UndoneChange, Vote
from hfer.review_summaries import Draw, ReviewSummary

_PATH = "/v1/reviews"


class AsyncReviews:
    """What people say of faces, for asyncio; see `hfer.Reviews`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        job_id: str | None = None,
        reviewer: str | None = None,
        answer: str | None = None,
        blind: bool | None = None,
        differs: bool | None = None,
        since: datetime | None = None,
    ) -> AsyncGenerator[Vote, None]:
        """Iterate over the votes of all jobs that fit; see `hfer.Reviews.list`."""
        query = _asked(job_id, reviewer, answer, blind=blind, differs=differs, since=since)
        async with aclosing(entries(self._transport, _PATH, query=query)) as found:
            async for entry in found:
                yield decode(Vote, entry)

    def votes(
        self,
        *,
        job_id: str | None = None,
        reviewer: str | None = None,
        answer: str | None = None,
        blind: bool | None = None,
        differs: bool | None = None,
        since: datetime | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Stream the votes as a table, a row for each face; see `hfer.Reviews.votes`."""
        query = _asked(job_id, reviewer, answer, blind=blind, differs=differs, since=since)
        return self._transport.stream(Call("GET", f"{_PATH}/votes", query=query))

    async def set(
        self,
        job_id: str,
        item_id: str,
        face_index: int,
        answer: str,
        *,
        reviewer: str,
        blind: bool = False,
        note: str | None = None,
        version: int | None = None,
    ) -> Review:
        """Set a reviewer's vote on one face; see `hfer.Reviews.set`."""
        said = {"reviewer": reviewer, "answer": answer, "blind": blind}
        more = {"note": note, "version": version}
        given = {name: value for name, value in more.items() if value is not None}
        call = json_call("PUT", _face(job_id, item_id, face_index), said | given)
        return decode(Review, await self._transport.send_json(call))

    async def withdraw(
        self,
        job_id: str,
        item_id: str,
        face_index: int,
        *,
        reviewer: str,
        version: int | None = None,
    ) -> None:
        """Take a reviewer's vote on one face back; see `hfer.Reviews.withdraw`."""
        query = {"reviewer": reviewer} | ({} if version is None else {"version": str(version)})
        await self._transport.send(Call("DELETE", _face(job_id, item_id, face_index), query=query))

    async def undo(
        self, job_id: str, *, reviewer: str, change_id: str | None = None
    ) -> UndoneChange:
        """Take back what one request said for a reviewer; see `hfer.Reviews.undo`."""
        body = {"reviewer": reviewer} | ({} if change_id is None else {"change_id": change_id})
        call = json_call("POST", f"{_job(job_id)}/reviews/undo", body)
        # Repeated after a lost answer it would go another change back.
        retry = ONCE if change_id is None else None
        return decode(UndoneChange, await self._transport.send_json(call, retry=retry))

    async def changes(
        self, job_id: str, *, reviewer: str | None = None, limit: int = 10
    ) -> tuple[ReviewChange, ...]:
        """Tell what the last requests said; see `hfer.Reviews.changes`."""
        query = {"limit": str(limit)} | ({} if reviewer is None else {"reviewer": reviewer})
        path = f"{_job(job_id)}/reviews/changes"
        async with aclosing(entries(self._transport, path, query=query)) as found:
            return tuple([decode(ReviewChange, entry) async for entry in found])

    async def draw(
        self, job_id: str, count: int, *, seed: int | None = None, by_expression: bool = False
    ) -> Draw:
        """Draw faces of a job at random; see `hfer.Reviews.draw`."""
        body = {"count": count, "by_expression": by_expression}
        call = json_call(
            "POST", f"{_job(job_id)}/draws", body | ({} if seed is None else {"seed": seed})
        )
        # Repeated after a lost answer it would be another draw.
        return _draw(await self._transport.send_json(call, retry=ONCE))

    async def draws(self, job_id: str) -> tuple[Draw, ...]:
        """List a job's draws, newest first; see `hfer.Reviews.draws`."""
        async with aclosing(entries(self._transport, f"{_job(job_id)}/draws")) as found:
            return tuple([_draw(entry) async for entry in found])

    async def get_draw(self, job_id: str, draw_id: str) -> Draw:
        """Return a draw with its faces; see `hfer.Reviews.get_draw`."""
        path = f"{_job(job_id)}/draws/{quote(draw_id, safe='')}"
        return _draw(await self._transport.send_json(Call("GET", path)))

    async def summary(self, job_id: str) -> ReviewSummary:
        """Sum the reviews of a job up; see `hfer.Reviews.summary`."""
        call = Call("GET", f"{_job(job_id)}/reviews/summary")
        return decode(ReviewSummary, await self._transport.send_json(call))


def _job(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _face(job_id: str, item_id: str, face_index: int) -> str:
    return f"{_job(job_id)}/items/{quote(item_id, safe='')}/faces/{face_index}/review"


def _asked(
    job_id: str | None,
    reviewer: str | None,
    answer: str | None,
    *,
    blind: bool | None,
    differs: bool | None,
    since: datetime | None,
) -> dict[str, str]:
    flags = {"blind": blind, "differs": differs}
    asked = {
        "job_id": job_id,
        "reviewer": reviewer,
        "answer": answer,
        "since": None if since is None else since.astimezone().isoformat(),
        **{name: None if flag is None else str(flag).lower() for name, flag in flags.items()},
    }
    return {name: value for name, value in asked.items() if value is not None}


def _draw(body: object) -> Draw:
    found = decode(Draw, body)
    if not found.draw_id:
        raise UnexpectedAnswerError("The answer is no draw. Does the service know draws?")
    return found
