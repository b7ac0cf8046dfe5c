"""`/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/review`: one vote on one face."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from services.api.audit.refusals import audits
from services.api.dependencies import Reviewing, Transaction
from services.api.docs import problems
from services.api.errors import ApiError
from services.api.ids import ItemId, JobId
from services.api.problems import ProblemCode
from services.api.reviews.conflicts import conflict
from services.api.reviews.schemas import (
    MOST_FACES,
    GivenVote,
    Reviewer,
    ReviewObject,
    review_object,
)
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id
from services.common.domain.reviews import Answer, NewReview, Review, ReviewConflictError
from services.common.jobs.views import find_job
from services.common.keys.service import Principal
from services.common.reviews.repository import ReviewRepository
from services.common.reviews.service import add_reviews

router = APIRouter(
    prefix="/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/review", tags=["reviews"]
)

FaceIndex = Annotated[
    int, Path(ge=0, le=MOST_FACES, description="the face's `face_index`", examples=[0])
]
SeenVersion = Annotated[
    int | None,
    Query(ge=0, le=2**31 - 1, description="of the reviewer's last word that was seen"),
]


@router.put(
    "",
    summary="Say what a face shows",
    responses={
        **problems(ProblemCode.NOT_FOUND, ProblemCode.REVIEW_CONFLICT, ProblemCode.GONE),
    },
)
@audits(Action.REVIEW_SET)
def put_review(
    *,
    session: Transaction,
    caller: Reviewing,
    job_id: JobId,
    item_id: ItemId,
    face_index: FaceIndex,
    wanted: GivenVote,
) -> ReviewObject:
    """Set a reviewer's vote on a face; each has one. The same once more changes nothing.

    With the `version` that the caller saw, a vote given meanwhile is not passed over: the problem
    has it as `current`. What was said before is kept, so that it can be undone.
    """
    review = NewReview(
        item=item_id,
        face_index=face_index,
        reviewer=wanted.reviewer,
        answer=wanted.answer,
        blind=wanted.blind,
        note=wanted.note,
        version=wanted.version,
    )
    now = _say(session, caller, job_id, review, Action.REVIEW_SET)
    if now is None:
        raise ApiError(ProblemCode.NOT_FOUND, "There is no vote of this reviewer to take back.")
    return review_object(now)


@router.delete(
    "",
    summary="Take a vote back",
    status_code=204,
    responses={
        **problems(ProblemCode.NOT_FOUND, ProblemCode.REVIEW_CONFLICT, ProblemCode.GONE),
    },
)
@audits(Action.REVIEW_WITHDRAWN)
def delete_review(
    *,
    session: Transaction,
    caller: Reviewing,
    job_id: JobId,
    item_id: ItemId,
    face_index: FaceIndex,
    reviewer: Annotated[Reviewer, Query(description="whose vote")],
    version: SeenVersion = None,
) -> None:
    """Take a reviewer's vote back. What they said is kept as said; it no longer counts."""
    review = NewReview(
        item=item_id,
        face_index=face_index,
        reviewer=reviewer,
        answer=Answer.WITHDRAWN,
        blind=False,
        version=version,
    )
    _say(session, caller, job_id, review, Action.REVIEW_WITHDRAWN)


def _say(
    session: Session, caller: Principal, job_id: uuid.UUID, review: NewReview, action: Action
) -> Review | None:
    job = find_job(session, caller.tenant, job_id, lock=True)
    faces = ReviewRepository(session).faces(job.id, {review.item})
    if review.item not in faces or review.face_index not in faces[review.item].indexes:
        raise ApiError(ProblemCode.NOT_FOUND, "There is no such face in this job.")
    try:
        (now,), _ = add_reviews(session, job.id, [review], faces)
    except ReviewConflictError as error:
        raise conflict(error, at="#/version") from None
    record(session, caller, action, format_id(IdKind.JOB, job_id))
    return now
