"""`/v1/jobs/{job_id}/reviews`: what people say of a job's faces."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from services.api.audit.refusals import audits
from services.api.dependencies import FaceReader, Reviewing, Transaction
from services.api.docs import problems
from services.api.errors import ApiError
from services.api.ids import JobId, not_found, read_id
from services.api.pagination import MAX_LIMIT, Page, Paging, decode_review, encode_review
from services.api.problems import FieldError, ProblemCode
from services.api.reviews.conflicts import conflict
from services.api.reviews.schemas import (
    AddedReviews,
    ChangeObject,
    Changes,
    GivenReview,
    GivenReviews,
    ReviewCursor,
    ReviewerAsked,
    ReviewObject,
    Undo,
    UndoneChange,
    review_object,
)
from services.api.schemas import PhotoIndex
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id, parse_id
from services.common.domain.reviews import NewReview, ReviewConflictError
from services.common.jobs.views import find_job
from services.common.reviews.change_repository import ChangeRepository
from services.common.reviews.repository import PhotoFaces, ReviewKey, ReviewRepository
from services.common.reviews.service import add_reviews as add
from services.common.reviews.service import undo

router = APIRouter(prefix="/v1/jobs/{job_id}/reviews", tags=["reviews"])


@router.post(
    "",
    summary="Add reviews",
    responses={
        **problems(ProblemCode.NOT_FOUND, ProblemCode.REVIEW_CONFLICT, ProblemCode.GONE),
    },
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
    known = [parse_id(IdKind.ITEM, review.item_id) for review in wanted.reviews]
    items = {item for item in known if item is not None}
    faces = ReviewRepository(session).faces(job.id, items)
    reviews = _read(wanted.reviews, faces)
    try:
        now, added = add(session, job.id, reviews, faces)
    except ReviewConflictError as error:
        raise conflict(error, at="#/reviews/{place}/version") from None
    record(session, caller, Action.REVIEWS_ADDED, format_id(IdKind.JOB, job_id))
    return AddedReviews(
        added=added,
        unchanged=len(reviews) - added,
        reviews=[review_object(review) for review in now if review is not None],
    )


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
    reviewer: ReviewerAsked = None,
    index: Annotated[
        list[PhotoIndex] | None,
        Query(max_length=MAX_LIMIT, description="only of these photos, by their places in the job"),
    ] = None,
    cursor: ReviewCursor = None,
) -> Page[ReviewObject]:
    """Page through the votes on a job's faces: the last word of each reviewer on each.

    `index=3&index=9` lists those of up to 200 photos, as `/order` gives their numbers.
    """
    after = decode_review(cursor)
    job = find_job(session, caller.tenant, job_id)
    found = ReviewRepository(session).page(
        job.id, after=after, limit=paging.fetch, reviewer=reviewer, photos=index
    )
    return paging.page(
        found,
        show=review_object,
        cursor_of=lambda review: encode_review(
            ReviewKey(review.seq, review.face_index, review.reviewer)
        ),
    )


@router.post(
    "/undo",
    summary="Undo a change of reviews",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
@audits(Action.REVIEWS_UNDONE)
def undo_reviews(
    session: Transaction, caller: Reviewing, job_id: JobId, wanted: Undo
) -> UndoneChange:
    """Take back all that one request said for a reviewer, in one step.

    Each face gets another word: what the reviewer said before, or `withdrawn`. Called again it goes
    one change further back; by its id a change is undone once.
    """
    job = find_job(session, caller.tenant, job_id, lock=True)
    which = None if wanted.change_id is None else read_id(IdKind.CHANGE, wanted.change_id)
    change = ChangeRepository(session).find(job.id, wanted.reviewer, which)
    if change is None and which is not None:
        raise not_found(IdKind.CHANGE)
    if change is None:
        return UndoneChange(change_id=None, undone=0, reviews=[])
    now, undone = undo(session, job.id, change)
    record(session, caller, Action.REVIEWS_UNDONE, format_id(IdKind.JOB, job_id))
    return UndoneChange(
        change_id=format_id(IdKind.CHANGE, change.public_id),
        undone=undone,
        reviews=[review_object(review) for review in now],
    )


@router.get(
    "/changes",
    summary="List a reviewer's last changes",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_changes(
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    reviewer: ReviewerAsked = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Changes:
    """Tell what the last requests said, the newest first: what can be undone, after a reload too.

    Undoing is no change of its own here: what it took back is `undone`.
    """
    job = find_job(session, caller.tenant, job_id)
    changes = ChangeRepository(session)
    found = changes.latest(job.id, reviewer, limit=limit)
    answers = changes.answers(found)
    return Changes(
        data=[
            ChangeObject(
                change_id=format_id(IdKind.CHANGE, change.public_id),
                reviewer=change.reviewer,
                made_at=change.made_at,
                answers=dict(answers[change.id]),
                undone=change.undone,
            )
            for change in found
        ]
    )


def _read(given: Sequence[GivenReview], faces: Mapping[uuid.UUID, PhotoFaces]) -> list[NewReview]:
    """Turn what was sent into reviews of faces of the job.

    Raises:
        ApiError: VALIDATION, some are of no face of it, or a reviewer says two things of one.
    """
    reviews: list[NewReview] = []
    missing: list[int] = []
    for at, review in enumerate(given):
        item = parse_id(IdKind.ITEM, review.item_id)
        if item is None or item not in faces or review.face_index not in faces[item].indexes:
            missing.append(at)
            continue
        reviews.append(
            NewReview(
                item=item,
                face_index=review.face_index,
                reviewer=review.reviewer,
                answer=review.answer,
                blind=review.blind,
                note=review.note,
                version=review.version,
            )
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
