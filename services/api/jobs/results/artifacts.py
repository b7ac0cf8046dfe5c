"""`/v1/jobs/{job_id}/artifacts`: everything about a finished job in one zip, streamed."""

import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import iterate_in_threadpool

from services.api.asked import asked_of
from services.api.audit.refusals import audits
from services.api.dependencies import FaceReader, State, Transaction
from services.api.docs import problems
from services.api.downloads import while_live
from services.api.drawing.photo import photo_gone
from services.api.errors import ApiError
from services.api.ids import JobId
from services.api.jobs.results.drawing import WITH_RESULT, annotated_picture
from services.api.jobs.results.formats import ResultFormat, read_batches, write_results
from services.api.jobs.results.narrowing import Narrowing
from services.api.jobs.schemas import job_object
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.domain.photo_filters import PhotoFilter
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository, is_full
from services.common.jobs.views import JobView, view_job
from services.common.keys.service import Principal

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_ZIP = "application/zip"
_PAGE = 100
# A download is in no hurry: it waits for a picture rather than break off.
_LONGEST_WAIT_S = 600.0
_STEM_CHARS = 80
_LEFT_OUT = {JobErrorCode.GONE, ProblemCode.PHOTO_FAILED, ProblemCode.OUTPUT_RESTRICTED}


@router.get(
    "/artifacts",
    summary="Download results and annotated photos as a zip",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
            "description": "`job.json`, `results.csv`, `results.jsonl`, `annotated/*.jpg`;"
            " `missing.txt` names photos that the bucket has lost, that cannot be drawn, or whose"
            " faces cannot be blurred for the key",
        },
        **problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_NOT_FINISHED, ProblemCode.GONE),
    },
)
@audits(Action.PICTURES_DOWNLOADED)
def get_artifacts(
    *,
    request: Request,
    state: State,
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    narrow: Narrowing,
) -> Response:
    """Stream a zip of a finished job: what it is, its results, and every photo annotated.

    Filters narrow results and photos as they do in `/items`. 410 when the photos are erased: the
    results alone are at `/results`.
    """
    view = view_job(session, caller.tenant, job_id)
    if not view.status.final:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED, f"The job is {view.status}; ask again when it is over."
        )
    if view.job.inputs_erased_at is not None:
        raise photo_gone()
    if not asked_of(request.scope).head:
        record(session, caller, Action.PICTURES_DOWNLOADED, format_id(IdKind.JOB, job_id))
    name = f"hfer-{job_id.hex}.zip"
    return StreamingResponse(
        while_live(state, caller, _archive(state, caller, view, narrow)),
        media_type=_ZIP,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def picture_name(record: PhotoRecord) -> str:
    """Name a picture so that names sort as sent, are unique, and fit every file system."""
    stem = record.filename.rpartition(".")[0] or record.filename
    plain = "".join(char if char.isalnum() or char in "-_" else "_" for char in stem)
    return f"annotated/{record.seq:05d}-{plain[-_STEM_CHARS:]}.jpg"


class _Sink:
    """Where `zipfile` writes; what it wrote is taken out and sent before it writes more."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


async def _archive(
    state: ApiState, caller: Principal, view: JobView, narrow: PhotoFilter
) -> AsyncIterator[bytes]:
    """Yield the zip. Threads are held for pages of rows only: waiting for a picture takes none."""
    sink = _Sink()
    # No seek and no tell: zipfile then writes sizes after each file, as a stream must.
    with zipfile.ZipFile(sink, "w") as archive:
        async for piece in iterate_in_threadpool(_results(state, view, narrow, archive, sink)):
            yield piece
        missing: list[str] = []
        async for record in iterate_in_threadpool(_records(state, view, narrow)):
            picture = await _picture(state, caller, view, record)
            if picture is None:
                missing.append(record.filename)
                continue
            # JPEG does not get smaller by packing it again.
            archive.writestr(_entry(picture_name(record), packed=False), picture)
            yield sink.take()
        if missing:
            archive.writestr(_entry("missing.txt", packed=True), "\n".join(missing) + "\n")
    yield sink.take()


def _results(
    state: ApiState, view: JobView, narrow: PhotoFilter, archive: zipfile.ZipFile, sink: _Sink
) -> Iterator[bytes]:
    job = job_object(view)
    archive.writestr(_entry("job.json", packed=True), job.model_dump_json(indent=1))
    for fmt in (ResultFormat.CSV, ResultFormat.JSONL):
        batches = read_batches(
            state.sessions, view, faces=state.limits.faces_per_photo, narrow=narrow
        )
        body = write_results(fmt, job, batches)
        yield from _write(archive, sink, _entry(f"results.{fmt}", packed=True), body)


async def _picture(
    state: ApiState, caller: Principal, view: JobView, record: PhotoRecord
) -> bytes | None:
    """Draw a photo; None when it cannot be, or not for the caller: it must not cost the others."""
    try:
        return await annotated_picture(
            state, caller, view.job.public_id, record, wait_s=_LONGEST_WAIT_S
        )
    except (ApiError, JobError) as error:
        if error.code not in _LEFT_OUT:
            raise
        return None


def _write(
    archive: zipfile.ZipFile, sink: _Sink, entry: zipfile.ZipInfo, body: Iterable[bytes]
) -> Iterator[bytes]:
    with archive.open(entry, "w", force_zip64=True) as file:
        for piece in body:
            file.write(piece)
            yield sink.take()


def _records(state: ApiState, view: JobView, narrow: PhotoFilter) -> Iterator[PhotoRecord]:
    after = -1
    while True:
        with unit_of_work(state.sessions) as session:
            page = ResultRepository(session).page(
                view.job.id,
                after_seq=after,
                limit=_PAGE,
                wanted=narrow,
            )
        yield from (record for record in page if record.status in WITH_RESULT)
        if len(page) < _PAGE and not is_full(page):
            return
        after = page[-1].seq


def _entry(name: str, *, packed: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=datetime.now(UTC).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    return entry
