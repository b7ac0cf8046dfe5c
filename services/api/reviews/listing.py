"""`/v1/reviews`: votes across jobs, and as a table that the trainer reads."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import ConfigDict

from services.api.audit.refusals import audits
from services.api.csv_rows import csv_rows
from services.api.dependencies import FaceReader, State, Transaction
from services.api.docs import problems
from services.api.downloads import while_live
from services.api.ids import read_id
from services.api.pagination import Page, Paging, decode_vote, encode_vote
from services.api.reviews.schemas import (
    REVIEW_EXAMPLE,
    ReviewCursor,
    ReviewerAsked,
    ReviewObject,
    review_object,
)
from services.api.schemas import GivenTime
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.domain.reviews import Answer
from services.common.reviews.listing_repository import Vote, VoteFilter, VoteListing

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

# Votes read at a time for a table: 1 MB.
_PAGE = 5_000
# As services/trainer/data/votes reads them: what is no expression stands at the end.
_OTHERS = {"unknown": Answer.CANNOT_TELL, "nf": Answer.NOT_A_FACE}
_COLUMNS = ("file", *EMOTIONS, *_OTHERS, "job_id", "item_id", "face_index", "filename", "model")


class VoteObject(ReviewObject):
    """A vote, with the job that it is of and the model's first answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": REVIEW_EXAMPLE
            | {"job_id": "job_01936fd2c0a27b6e8f3a5b7c9d1e2f30", "model_answer": "neutral"}
        }
    )

    job_id: str
    model_answer: Emotion


def asked_votes(
    *,
    job_id: Annotated[str | None, Query(max_length=64, description="only of this job")] = None,
    reviewer: ReviewerAsked = None,
    answer: Annotated[Answer | None, Query(description="only votes that say this")] = None,
    blind: Annotated[bool | None, Query(description="only those given blind, or not")] = None,
    differs: Annotated[
        bool | None,
        Query(
            description="only votes that say something else than the model, or only others;"
            " `cannot_tell` says nothing else"
        ),
    ] = None,
    since: Annotated[
        GivenTime | None, Query(description="only votes given at that moment or later")
    ] = None,
) -> VoteFilter:
    """Read which votes are wanted."""
    job = None if job_id is None else read_id(IdKind.JOB, job_id)
    return VoteFilter(job, reviewer, answer, blind, differs, since)


Wanted = Annotated[VoteFilter, Depends(asked_votes)]


@router.get("", summary="List reviews across jobs", responses={**problems(404)})
def list_reviews(
    *,
    session: Transaction,
    caller: FaceReader,
    wanted: Wanted,
    paging: Paging,
    cursor: ReviewCursor = None,
) -> Page[VoteObject]:
    """Page through the votes on faces of all jobs, by photo as they came, face and reviewer."""
    after = decode_vote(cursor)
    found = VoteListing(session).page(caller.tenant, wanted, after=after, limit=paging.fetch)
    return paging.page(found, show=_object, cursor_of=lambda vote: encode_vote(vote.key))


@router.get(
    "/votes",
    summary="Get reviews as a table of votes",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A row for each face: how many said what",
            "content": {
                "text/csv": {
                    "schema": {"type": "string", "description": "one row per face"},
                    "example": ",".join(_COLUMNS) + "\r\n",
                }
            },
        },
        **problems(404),
    },
)
@audits(Action.REVIEWS_DOWNLOADED)
def get_votes(
    *, state: State, session: Transaction, caller: FaceReader, wanted: Wanted
) -> Response:
    """Stream the votes as `make finetune` and `make train` read them: a row for each face.

    `file` is the name of the face's crop in a data set. `unknown` counts `cannot_tell` and `nf`
    `not_a_face`. Only votes that fit the filters are counted.
    """
    record(session, caller, Action.REVIEWS_DOWNLOADED)
    body = _table(state.sessions, caller.tenant, wanted)
    return StreamingResponse(
        while_live(state, caller, body),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="votes.csv"'},
    )


def _table(sessions: SessionFactory, tenant: str, wanted: VoteFilter) -> Iterator[bytes]:
    """Yield the table in pieces, each read in a transaction of its own."""
    yield csv_rows([_COLUMNS])
    for (_, face_index), votes in groupby(_votes(sessions, tenant, wanted), key=_face):
        said = list(votes)
        first, counts = said[0], Counter(vote.review.answer for vote in said)
        row: list[Any] = [
            f"{first.review.item.hex}-{face_index}.jpg",
            *(counts[Answer(emotion)] for emotion in EMOTIONS),
            *(counts[answer] for answer in _OTHERS.values()),
            format_id(IdKind.JOB, first.job),
            format_id(IdKind.ITEM, first.review.item),
            face_index,
            first.review.filename,
            first.model.value,
        ]
        yield csv_rows([row])


def _face(vote: Vote) -> tuple[Any, int]:
    return vote.review.item, vote.review.face_index


def _votes(sessions: SessionFactory, tenant: str, wanted: VoteFilter) -> Iterator[Vote]:
    after = None
    while True:
        with unit_of_work(sessions) as session:
            page = VoteListing(session).page(tenant, wanted, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].key


def _object(vote: Vote) -> VoteObject:
    return VoteObject(
        **review_object(vote.review).model_dump(),
        job_id=format_id(IdKind.JOB, vote.job),
        model_answer=vote.model,
    )
