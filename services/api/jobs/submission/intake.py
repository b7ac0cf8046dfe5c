"""Taking a submission in: body to spool to bucket, then one transaction, then the hint."""

from collections.abc import AsyncIterator, Collection
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from services.api.bodies import body_chunks, parse_model
from services.api.dependencies import check_live
from services.api.jobs.schemas import JobConfig
from services.api.jobs.submission.archives.expand import expand
from services.api.jobs.submission.archives.meters import Allowance
from services.api.jobs.submission.bucket_writer import BucketWriter
from services.api.jobs.submission.reader import (
    CONFIG,
    FILES,
    Spooled,
    SubmissionReader,
    too_many_photos,
)
from services.api.jobs.submission.spool import SpooledPhoto
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.limits import PhotoLimits
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.room import check_room
from services.common.jobs.submission import Submission, Submitted, submit
from services.common.keys.service import Principal
from services.common.telemetry import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A submission whose photos are in the bucket, in the order sent.

    ``passed_over`` are the files of its archives that are no photos.
    """

    config: JobConfig
    items: list[NewItem]
    passed_over: int


async def take_in(
    request: Request,
    state: ApiState,
    *,
    caller: Principal,
    idempotency_key: str | None = None,
    limits: PhotoLimits | None = None,
    part: str = FILES,
) -> Submitted:
    """Turn the body of a request into a job; its photos are in parts named ``part``.

    Photos are hashed and put into the bucket while the body still arrives; only one at a time
    is in memory or in a temporary file besides the few that are being put.

    Raises:
        ApiError: the request cannot be read or is not valid; UNAUTHENTICATED, the caller's key
            was revoked or has expired while the body came.
        BodyTooLargeError: the body passes the cap.
        HferError: what `submit` raises; TransientError when the bucket is away.
    """
    # Refused before the body is read and not after it; `submit` checks again with the real number.
    await run_in_threadpool(_check_room, state, caller.tenant)
    writer = BucketWriter(
        tenant=caller.tenant,
        storage=state.storage,
        sessions=state.sessions,
        executor=state.upload_threads,
        wait=timedelta(seconds=state.settings.retention.orphans_s),
    )
    try:
        reader = SubmissionReader(
            request.headers.get("content-type"), limits=limits or state.limits, part=part
        )
        received = await _receive(request, state, writer, reader)
        wanted = Submission(
            tenant=caller.tenant,
            key_id=caller.key_row,
            items=received.items,
            options=received.config.options(),
            model=received.config.model,
            keep_photos_s=received.config.kept(at_most=state.settings.retention.longest_inputs_s),
            labels=received.config.labels,
            client_ref=received.config.client_ref,
            idempotency_key=idempotency_key,
        )
        submitted = await run_in_threadpool(store, state, wanted, caller=caller, put=writer.keys)
        return replace(submitted, passed_over=received.passed_over)
    except Exception:  # whatever it was goes on; what it left in the bucket belongs to no job
        await writer.abandon()
        raise


def store(
    state: ApiState, wanted: Submission, *, caller: Principal, put: Collection[str] = ()
) -> Submitted:
    """Write the job, commit, then notify the workers and count it.

    Args:
        state: of the process.
        wanted: the job.
        caller: whose it is; a body may take minutes, so the key is looked at once more.
        put: keys of the photos that this request put into the bucket.

    Raises:
        ApiError: UNAUTHENTICATED.
        HferError: what `submit` raises.
    """
    with unit_of_work(state.sessions) as session:
        check_live(session, caller)
        erasures = ErasureRepository(session)
        erasures.keep(put)
        submitted = submit(session, wanted, rules=state.rules)
        if submitted.replayed:  # the earlier job may have lost its photos by now
            erasures.schedule_deletion(put)
        record_submission(session, caller, submitted)
    announce(state, submitted)
    return submitted


def record_submission(session: Session, caller: Principal, submitted: Submitted) -> None:
    """Record who made a job; a request that was sent again made none."""
    if not submitted.replayed:
        job_id = format_id(IdKind.JOB, submitted.job.public_id)
        record(session, caller, Action.JOB_SUBMITTED, job_id)


def announce(state: ApiState, submitted: Submitted) -> None:
    """Count a committed job and notify the workers if it has work."""
    state.metrics.jobs.labels("replayed" if submitted.replayed else "submitted").inc()
    if submitted.has_work:
        state.notifier.notify(submitted.job.id, submitted.lane)
    _log.info(
        "job.submitted",
        job=format_id(IdKind.JOB, submitted.job.public_id),
        photos=submitted.job.total,
        replayed=submitted.replayed,
    )


def parse_config(raw: bytes | None) -> JobConfig:
    """Read the config part.

    Raises:
        ApiError: INVALID_REQUEST for what is no JSON, VALIDATION for what does not fit.
    """
    if raw is None:
        return JobConfig()
    return parse_model(JobConfig, raw, root=CONFIG)


def _check_room(state: ApiState, tenant: str) -> None:
    with unit_of_work(state.sessions) as session:
        check_room(session, tenant, photos=1, defaults=state.rules.tenant)


async def _receive(
    request: Request, state: ApiState, writer: BucketWriter, reader: SubmissionReader
) -> Received:
    items: list[NewItem] = []
    allowance = Allowance(state.limits)
    with closing(reader):
        async for chunk in body_chunks(request, state.stall_s):
            # In a thread: parsing, hashing and writing 64 kB would hold up every other request.
            for arrived in await run_in_threadpool(reader.feed, chunk):
                async for photo in _photos(arrived, allowance):
                    _check_count(len(items) + 1, state.limits, photo)
                    items.append(await _keep(photo, writer))
                    state.metrics.upload_bytes.inc(photo.byte_count)
        reader.finish()
    config = parse_config(reader.config)
    await writer.finish()
    return Received(config, items, allowance.passed_over)


async def _photos(arrived: Spooled, allowance: Allowance) -> AsyncIterator[SpooledPhoto]:
    """Yield a photo as it is, an archive photo by photo: the next is unpacked once this is kept."""
    if isinstance(arrived, SpooledPhoto):
        yield arrived
        return
    with closing(arrived):
        photos = expand(arrived, allowance)
        while (photo := await run_in_threadpool(next, photos, None)) is not None:
            yield photo


def _check_count(photos: int, limits: PhotoLimits, newest: SpooledPhoto) -> None:
    if photos > limits.request_files:
        newest.close()
        raise too_many_photos(limits)


async def _keep(photo: SpooledPhoto, writer: BucketWriter) -> NewItem:
    return NewItem(
        public_id=new_uuid7(),
        filename=photo.filename,
        sha256=photo.sha256,
        byte_count=photo.byte_count,
        object_key="" if photo.refusal else await writer.add(photo),
        refusal=photo.refusal,
    )
