"""What people say of faces: votes across jobs, draws to review blind, and what they add up to.

Reading needs a key with the scope ``jobs:read``, saying and drawing ``review``.
"""

from collections.abc import Iterator
from datetime import datetime

from hfer._wire import iterate, run
from hfer.aio.reviews import AsyncReviews
from hfer.review_models import Review, ReviewChange, UndoneChange, Vote
from hfer.review_summaries import Draw, ReviewSummary


class Reviews:
    """The reviews of the tenant; `Job.add_reviews` says many at once."""

    def __init__(self, core: AsyncReviews) -> None:
        self._core = core

    def list(
        self,
        *,
        job_id: str | None = None,
        reviewer: str | None = None,
        answer: str | None = None,
        blind: bool | None = None,
        differs: bool | None = None,
        since: datetime | None = None,
    ) -> Iterator[Vote]:
        """Iterate over the votes of all jobs that fit: the last word of each on each face.

        Args:
            job_id: only of this job.
            reviewer: only theirs.
            answer: only votes that say this.
            blind: only those given blind, or only others.
            differs: only votes that say something else than the model, or only others;
                ``cannot_tell`` says nothing else.
            since: only those given at that moment or later; local time if it names no zone.
        """
        found = self._core.list(
            job_id=job_id,
            reviewer=reviewer,
            answer=answer,
            blind=blind,
            differs=differs,
            since=since,
        )
        yield from iterate(found)

    def votes(
        self,
        *,
        job_id: str | None = None,
        reviewer: str | None = None,
        answer: str | None = None,
        blind: bool | None = None,
        differs: bool | None = None,
        since: datetime | None = None,
    ) -> Iterator[bytes]:
        """Stream the votes as CSV that the trainer reads: a row for each face; arguments as `list`.

        ``unknown`` counts ``cannot_tell``, ``nf`` ``not_a_face``.
        """
        blocks = self._core.votes(
            job_id=job_id,
            reviewer=reviewer,
            answer=answer,
            blind=blind,
            differs=differs,
            since=since,
        )
        yield from iterate(blocks)

    def set(
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
        """Set a reviewer's vote on one face; the same once more changes nothing.

        Args:
            job_id: of the job.
            item_id: of the photo.
            face_index: of the face in it.
            answer: one of the seven expressions, ``not_a_face`` or ``cannot_tell``.
            reviewer: who says it.
            blind: whether they saw neither the model's answer nor other people's.
            note: in their words; None leaves what there is.
            version: their last word that you saw, 0 for none; None does not look.

        Raises:
            ConflictError: they said something else since ``version``.
            NotFoundError: there is no such face.
        """
        return run(
            self._core.set(
                job_id,
                item_id,
                face_index,
                answer,
                reviewer=reviewer,
                blind=blind,
                note=note,
                version=version,
            )
        )

    def withdraw(
        self,
        job_id: str,
        item_id: str,
        face_index: int,
        *,
        reviewer: str,
        version: int | None = None,
    ) -> None:
        """Take a reviewer's vote on one face back. What they said is kept, and counts no more.

        Raises:
            ConflictError: they said something else since ``version``.
            NotFoundError: there is no such face.
        """
        run(self._core.withdraw(job_id, item_id, face_index, reviewer=reviewer, version=version))

    def undo(self, job_id: str, *, reviewer: str, change_id: str | None = None) -> UndoneChange:
        """Take back all that one request said for a reviewer; the last if ``change_id`` is None.

        Called again it goes one change further back; by its id a change is undone once.

        Raises:
            NotFoundError: there is no such change.
        """
        return run(self._core.undo(job_id, reviewer=reviewer, change_id=change_id))

    def changes(
        self, job_id: str, *, reviewer: str | None = None, limit: int = 10
    ) -> tuple[ReviewChange, ...]:
        """Tell what the last requests said, newest first, up to 100: what can be undone."""
        return run(self._core.changes(job_id, reviewer=reviewer, limit=limit))

    def draw(
        self, job_id: str, count: int, *, seed: int | None = None, by_expression: bool = False
    ) -> Draw:
        """Draw faces of a job at random, to be reviewed blind and in this order.

        From their votes `summary` tells how right the model is on the job.

        Args:
            job_id: of a job that is final.
            count: most faces, up to 10,000.
            seed: the same draws the same; without it the service chooses one.
            by_expression: as many of each of the model's answers, so that rare ones are seen.

        Raises:
            ConflictError: the job is not final.
        """
        return run(self._core.draw(job_id, count, seed=seed, by_expression=by_expression))

    def draws(self, job_id: str) -> tuple[Draw, ...]:
        """List a job's draws, newest first, without their faces."""
        return run(self._core.draws(job_id))

    def get_draw(self, job_id: str, draw_id: str) -> Draw:
        """Return a draw with its faces, and how many votes each has."""
        return run(self._core.get_draw(job_id, draw_id))

    def summary(self, job_id: str) -> ReviewSummary:
        """Tell how far the reviews are, how much people agree, and how right the model is."""
        return run(self._core.summary(job_id))
