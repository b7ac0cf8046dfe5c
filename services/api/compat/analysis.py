"""One photo through the job pipeline while its sender waits."""

from dataclasses import dataclass, replace

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from services.api.errors import RETRY_AFTER_S, ApiError
from services.api.jobs.polling import MAX_WAIT_S, wait_until_final
from services.api.jobs.submission.intake import take_in
from services.api.limits.enforcement import holding
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.faces import PhotoAnalysis
from services.common.jobs.queue.outcomes import from_payload
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository
from services.common.jobs.views import JobView
from services.common.keys.service import Principal


@dataclass(frozen=True, slots=True)
class Analysed:
    """A photo and what it showed."""

    record: PhotoRecord
    analysis: PhotoAnalysis


async def analyse_one(
    request: Request, state: ApiState, *, caller: Principal, part: str
) -> Analysed:
    """Make a job of the one photo in the request's ``part`` and wait for it, up to 30 s.

    Raises:
        ApiError: OVERLOADED when it is not ready in time, PHOTO_FAILED when it has no result,
            and whatever `take_in` raises.
    """
    one = replace(state.limits, request_files=1)
    async with holding(state, caller, "open_uploads"):
        submitted = await take_in(request, state, caller=caller, part=part, limits=one)
    view = await wait_until_final(
        request, state, caller=caller, job=submitted.job.public_id, seconds=MAX_WAIT_S
    )
    if not view.status.final:
        raise ApiError(
            ProblemCode.OVERLOADED,
            f"The photo was not analysed within {MAX_WAIT_S} s; send it again later.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    record = await run_in_threadpool(_only_photo, state, view)
    return Analysed(record, _analysis_of(record))


def read_analysed(record: PhotoRecord | None) -> Analysed:
    """Return a stored photo with its analysis.

    Raises:
        ApiError: NOT_FOUND, there is no such photo or nothing was found in it.
    """
    if record is None or record.payload is None:
        raise face_missing()
    return Analysed(record, from_payload(record.payload))


def face_missing() -> ApiError:
    """Return the error for an id that leads to no face of the tenant."""
    return ApiError(
        ProblemCode.NOT_FOUND, "There is no such face; upload the image again for new face ids."
    )


def _only_photo(state: ApiState, view: JobView) -> PhotoRecord:
    with unit_of_work(state.sessions) as session:
        (record,) = ResultRepository(session).page(view.job.id, after_seq=-1, limit=1)
    return record


def _analysis_of(record: PhotoRecord) -> PhotoAnalysis:
    if record.payload is None:
        reason = record.error_detail or f"The photo is {record.status}."
        raise ApiError(ProblemCode.PHOTO_FAILED, f"{record.error_code or 'cancelled'}: {reason}")
    return from_payload(record.payload)
