"""`/v1/jobs/{job_id}/reviews`: what people say of a job's faces."""

from collections.abc import Iterator, Sequence

from fastapi import APIRouter
from sqlalchemy.orm import Session

from services.api.audit.refusals import audits
from services.api.dependencies import FaceReader, Reviewing, Transaction
from services.api.docs import problems
from services.api.errors import ApiError
from services.api.ids import JobId
from services.api.pagination import Page, Paging, decode_review, encode_review
from services.api.problems import FieldError, ProblemCode
from services.api.reviews.schemas import (
    AddedReviews,
    GivenReview,
    GivenReviews,
    ReviewCursor,
    ReviewObject,
    review_object,
)
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id, parse_id
from services.common.domain.reviews import NewReview
from services.common.jobs.views import find_job
from services.common.reviews.repository import ReviewKey, ReviewRepository

router = APIRouter(prefix="/v1/jobs/{job_id}/reviews", tags=["reviews"])


@router.post(
    "",
    summary="Add reviews",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
@audits(Action.REVIEWS_ADDED)
def add_reviews(
    session: Transaction, caller: Reviewing, job_id: JobId, wanted: GivenReviews
) -> AddedReviews:
    """Add what reviewers say of faces: all of it, or nothing if one face is not there.

    Nothing is ever changed or lost: another word of a reviewer becomes their vote, and the one
    before stays. The same word once more changes nothing, so that a request may be repeated.
    """
    job = find_job(session, caller.tenant, job_id, lock=True)
    reviews = _read(session, job.id, wanted.reviews)
    added = ReviewRepository(session).add(job.id, reviews)
    record(session, caller, Action.REVIEWS_ADDED, format_id(IdKind.JOB, job_id))
    return AddedReviews(added=added, unchanged=len(reviews) - added)


@router.get(
    "",
    summary="List reviews, by photo, face and reviewer",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_reviews(
    *,
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    paging: Paging,
    cursor: ReviewCursor = None,
) -> Page[ReviewObject]:
    """Page through the votes on a job's faces: the last word of each reviewer on each."""
    after = decode_review(cursor)
    job = find_job(session, caller.tenant, job_id)
    found = ReviewRepository(session).page(job.id, after=after, limit=paging.fetch)
    return paging.page(
        found,
        show=review_object,
        cursor_of=lambda review: encode_review(
            ReviewKey(review.seq, review.face_index, review.reviewer)
        ),
    )


def _read(session: Session, job_id: int, given: Sequence[GivenReview]) -> list[NewReview]:
    """Turn what was sent into reviews of faces of the job.

    Raises:
        ApiError: VALIDATION, some are of no face of it, or a reviewer says two things of one.
    """
    known = [parse_id(IdKind.ITEM, review.item_id) for review in given]
    faces = ReviewRepository(session).faces(job_id, {item for item in known if item is not None})
    reviews: list[NewReview] = []
    missing: list[int] = []
    for at, (item, review) in enumerate(zip(known, given, strict=True)):
        if item is None or review.face_index not in faces.get(item, set()):
            missing.append(at)
        else:
            reviews.append(
                NewReview(item, review.face_index, review.reviewer, review.answer, review.blind)
            )
    faults = [*_faults(missing, "There is no such face in this job."), *_repeated(given)]
    if faults:
        raise ApiError(
            ProblemCode.VALIDATION,
            f"{len(faults)} of {len(given)} reviews cannot be taken; none was.",
            errors=faults,
        )
    return reviews


def _repeated(given: Sequence[GivenReview]) -> Iterator[FieldError]:
    said = [(review.item_id, review.face_index, review.reviewer) for review in given]
    first: dict[tuple[str, int, str], int] = {}
    twice = [at for at, key in enumerate(said) if first.setdefault(key, at) != at]
    yield from _faults(twice, "The same reviewer says something of this face before.")


def _faults(places: Sequence[int], detail: str) -> Iterator[FieldError]:
    for at in places:
        yield FieldError(pointer=f"#/reviews/{at}", detail=detail)
