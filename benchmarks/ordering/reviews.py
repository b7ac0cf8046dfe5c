"""What reading a large job's reviews takes: its summary, its draws, and drawing once more."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.jobs.repositories.faces import FaceRepository
from services.common.reviews.accuracy import accuracy
from services.common.reviews.agreement import (
    class_agreement,
    cohens_kappa,
    krippendorffs_alpha,
    raw_agreement,
)
from services.common.reviews.draw_repository import DrawRepository
from services.common.reviews.listing_repository import VoteFilter, VoteListing
from services.common.reviews.vote_repository import VoteRepository, any_order, pairs

DRAWN, COUNT = 5_000, 1_000
Timed = Callable[[Callable[[], object]], float]
# Two people answer each drawn face blind.
_VOTES = text("""
    INSERT INTO face_review (item_id, face_index, reviewer, version, answer, blind)
    SELECT item_id, face_index, reviewer, 1,
           (ARRAY['neutral', 'anger', 'happiness', 'not_a_face', 'cannot_tell'])
               [1 + floor(random() * 5)], true
    FROM review_draw_face, unnest(ARRAY['cy', 'di']) AS reviewer
""")
_JOB = text("SELECT public_id FROM job WHERE id = :job")


def read_reviews(session: Session, job: int, timed: Timed) -> dict[str, float]:
    """Draw faces of a job, answer them, and time what the API reads of it; nothing of it stays."""
    draws, votes, faces = DrawRepository(session), VoteRepository(session), FaceRepository(session)
    populations = [of_class.faces for of_class in faces.tally(job).values()]
    public_id = session.scalars(_JOB, {"job": job}).one()

    def draw(count: int, *, by_expression: bool) -> None:
        draws.make(job, count=count, seed=7, by_expression=by_expression, populations=populations)

    def draw_and_forget() -> None:
        with session.begin_nested() as kept:
            draw(COUNT, by_expression=True)
            kept.rollback()

    def summary() -> None:
        faces.reviews(job)
        votes.reviewers(job)
        blind = votes.blind_votes(job)
        said, of_two = any_order(blind), pairs(blind)
        for measure in (raw_agreement, class_agreement, krippendorffs_alpha):
            measure(said)
        if of_two is not None:
            cohens_kappa(of_two)
        accuracy(draws.orders(job))

    with session.begin_nested() as kept:
        draw(DRAWN, by_expression=False)
        session.execute(_VOTES)
        of_job = VoteFilter(job=public_id)
        listed = partial(VoteListing(session).page, "default", of_job, after=None, limit=51)
        found = {
            "summary": timed(summary),
            "draws": timed(partial(draws.of_job, job)),
            "a draw": timed(partial(draws.faces, job, draws.of_job(job)[0].public_id)),
            "drawing": timed(draw_and_forget),
            "votes": timed(listed),
        }
        kept.rollback()
    return found
