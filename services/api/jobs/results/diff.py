"""`/v1/jobs/{job_id}/diff`: what another job over the same photos answers differently."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from services.api.dependencies import FaceReader, Transaction
from services.api.docs import problems
from services.api.errors import invalid_field
from services.api.ids import JobId, read_id
from services.api.jobs.results.diff_examples import DIFF_EXAMPLE
from services.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_place, encode_place
from services.api.problems import ProblemCode
from services.common.db.tables import Job
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import JobStatus
from services.common.jobs.diff import DiffFilter, DiffTotals, FacePair, FoundIn, first, pair_faces
from services.common.jobs.repositories.diffs import DiffRepository, PhotoPair, SeenFace
from services.common.jobs.views import find_job, view_job

_MEASURED_PHOTOS = 2_000

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])


class FaceAnswer(BaseModel):
    """A face of one job and its first answer."""

    face_index: int
    expression: Emotion
    p: float = Field(ge=0, le=1)


class FaceDiff(BaseModel):
    """A face whose first answer is another, or that only one of the jobs found."""

    index: int = Field(description="the photo's number in this job")
    item_id: str
    with_item_id: str = Field(description="the photo in the other job")
    filename: str
    iou: float | None = Field(description="how far the two boxes overlap; null of a lone face")
    this: FaceAnswer | None = Field(description="null where only the other job found the face")
    other: FaceAnswer | None = Field(description="null where only this job found it")


class DiffSums(BaseModel):
    """Sums over the photos that both jobs have."""

    photos: int = Field(description="of the same bytes in both")
    unanswered: int = Field(description="of them, those without a result on one side")
    faces: int = Field(description="that both found")
    changed: int = Field(description="of them, those of another first answer")
    lost: int = Field(description="faces that only this job found")
    gained: int = Field(description="faces that only the other job found")
    mean_shift: float | None = Field(
        description="how far the seven probabilities are apart, total variation, 0..1: mean of the"
        f" faces, in jobs of more than {_MEASURED_PHOTOS:,} photos of those on about so many,"
        " evenly spread; null without faces"
    )
    emotions: list[Emotion] = Field(description="the order of rows and columns")
    confusion: list[list[int]] = Field(
        description="faces of both: rows are this job's first answers, columns the other's"
    )


class JobDiff(Page[FaceDiff]):
    """Two jobs over the same photos: apparent expression, not inner feeling."""

    model_config = ConfigDict(json_schema_extra={"example": DIFF_EXAMPLE})

    job_id: str
    with_job_id: str
    model_version: str | None = Field(description="of a result of this job")
    with_model_version: str | None
    totals: DiffSums | None = Field(description="on the first page alone")


@router.get(
    "/diff",
    summary="Compare a job with another of the same photos",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_NOT_FINISHED, ProblemCode.GONE)},
)
def get_diff(
    *,
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    other: Annotated[
        str | None,
        Query(alias="with", description="the other job; the one that this is a rerun of"),
    ] = None,
    found: Annotated[
        FoundIn | None, Query(description="list faces that both jobs found, or one of them alone")
    ] = None,
    expression: Annotated[
        Emotion | None, Query(description="list faces of this first answer in this job")
    ] = None,
    other_expression: Annotated[
        Emotion | None, Query(description="list faces of this first answer in the other job")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> JobDiff:
    """Set the faces of two jobs side by side, and list those that are answered differently.

    Photos are matched by their bytes, faces by their boxes: one to one, those that overlap most
    first, from an IoU of 0.4 on. A page ends with a photo, and may hold a few faces more than
    `limit`. Filters narrow the list, never the sums.
    """
    after = decode_place(cursor)
    job = find_job(session, caller.tenant, job_id)
    second = _other(session, job, other)
    for one in (job, second):
        _check_final(one)
    wanted = DiffFilter(found, expression, other_expression)
    # Probabilities are measured with the sums: on the first page alone.
    step = max(1, (job.total or 0) // _MEASURED_PHOTOS) if after is None else 2**31 - 1
    diffs = DiffRepository(session)
    outline = diffs.outline(
        job.id,
        second.id,
        wanted=wanted.changes,
        most=limit + 1,
        step=step,
        after_seq=-1 if after is None else after,
    )
    totals = DiffTotals.of(outline) if after is None else None
    changes, more = _changes(diffs.pairs(outline.read), totals, wanted, step=step, limit=limit)
    cursor_after = encode_place(changes[-1].photo.seq) if more else None
    return JobDiff(
        data=[_shown(pair) for pair in changes],
        next_cursor=cursor_after,
        has_more=more,
        job_id=format_id(IdKind.JOB, job.public_id),
        with_job_id=format_id(IdKind.JOB, second.public_id),
        model_version=view_job(session, caller.tenant, job.public_id).model_version,
        with_model_version=view_job(session, caller.tenant, second.public_id).model_version,
        totals=None if totals is None else _sums(totals),
    )


def _other(session: Session, job: Job, asked: str | None) -> Job:
    if asked is not None:
        return find_job(session, job.tenant, read_id(IdKind.JOB, asked))
    parent = None if job.parent_id is None else session.get(Job, job.parent_id)
    if parent is None:
        raise invalid_field("#/query/with", "This job is no rerun of another: name one by 'with'.")
    return parent


def _check_final(job: Job) -> None:
    if not JobStatus(job.status).final:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED,
            f"{format_id(IdKind.JOB, job.public_id)} is {job.status}; compare it when it is final.",
        )


def _changes(
    pairs: Iterable[PhotoPair],
    totals: DiffTotals | None,
    wanted: DiffFilter,
    *,
    step: int,
    limit: int,
) -> tuple[list[FacePair], bool]:
    """Collect changed faces, photo by photo, up to ``limit``; whether there are more of them.

    With ``totals`` every photo is counted, else it ends as soon as it knows that. Every
    ``step``-th photo tells how far probabilities moved.
    """
    found: list[FacePair] = []
    more = False
    for photo in pairs:
        faces = pair_faces(photo)
        if totals is not None:
            totals.add(photo, faces, measure=photo.seq % step == 0)
        changed = [pair for pair in faces if pair.changed and wanted.takes(pair)]
        if len(found) < limit:
            found += changed
        elif changed:
            more = True
            if totals is None:
                break
    return found, more


def _shown(pair: FacePair) -> FaceDiff:
    photo = pair.photo
    return FaceDiff(
        index=photo.seq,
        item_id=format_id(IdKind.ITEM, photo.item),
        with_item_id=format_id(IdKind.ITEM, photo.other_item),
        filename=photo.filename,
        iou=None if pair.iou is None else round(pair.iou, 4),
        this=_answer(pair.face),
        other=_answer(pair.other),
    )


def _answer(face: SeenFace | None) -> FaceAnswer | None:
    if face is None:
        return None
    place = first(face)
    return FaceAnswer(
        face_index=face.index, expression=EMOTIONS[place], p=face.probabilities[place]
    )


def _sums(totals: DiffTotals) -> DiffSums:
    return DiffSums(
        photos=totals.photos,
        unanswered=totals.unanswered,
        faces=totals.faces,
        changed=totals.changed,
        lost=totals.lost,
        gained=totals.gained,
        mean_shift=round(totals.moved / totals.measured, 4) if totals.measured else None,
        emotions=list(EMOTIONS),
        confusion=totals.confusion,
    )
