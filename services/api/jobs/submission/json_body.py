"""JSON bodies that make a job: of photos that are fetched later, or of an upload."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from services.api.bodies import parse_model, read_json, read_model
from services.api.dependencies import check_live
from services.api.errors import ApiError, invalid_field, pointer
from services.api.filenames import clean_filename
from services.api.ids import read_id
from services.api.jobs.schemas import JobConfig
from services.api.jobs.submission.intake import announce, record_submission, store
from services.api.problems import FieldError, ProblemCode
from services.api.schemas import PLAIN_TEXT, FileName, Input, ShortText
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, new_uuid7
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, Submitted
from services.common.jobs.uploads import Seal, seal
from services.common.keys.service import Principal
from services.common.net.guard import MAX_URL_CHARS, UrlBlockedError, check_url, fetch_policy

MAX_URLS = 5_000
# As many of the longest URLs, or shorter ones with references and names.
MAX_URLS_BYTES = 12_000_000
_SHOWN_FAULTS = 100

Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL_CHARS, pattern=PLAIN_TEXT)]


class UploadedJob(Input):
    """The upload to be analysed, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "upload_id": "upl_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
                "config": {"top_n": 3, "labels": {"album": "2026-11"}},
            }
        }
    )

    upload_id: str = Field(description="of `POST /v1/uploads`; it makes one job, once")
    config: JobConfig = JobConfig()


class UrlInput(Input):
    """A photo that the service fetches."""

    url: Url = Field(description="https, on a public host, without user name or password")
    client_ref: ShortText | None = Field(default=None, description="yours, given back")
    filename: FileName | None = Field(
        default=None, description="what the photo is called; the path of the URL if left out"
    )


class UrlJob(Input):
    """Photos by URL, and how they are to be analysed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "inputs": [{"url": "https://photos.example.com/a.jpg", "client_ref": "a-17"}],
                "config": {"top_n": 3, "labels": {"album": "2026-11"}},
            }
        }
    )

    inputs: list[UrlInput] = Field(min_length=1, max_length=MAX_URLS)
    config: JobConfig = JobConfig()


class _Form(BaseModel):
    """Which of the two it is."""

    upload_id: Any = None
    inputs: Any = None


async def take_urls(
    request: Request, state: ApiState, *, caller: Principal, idempotency_key: str | None
) -> Submitted:
    """Turn a list of URLs into a job; raises like `take_json`."""
    body = await read_model(request, UrlJob, limit=MAX_URLS_BYTES, stall_s=state.stall_s)
    return await _take_urls(state, body, caller=caller, idempotency_key=idempotency_key)


async def take_json(
    request: Request, state: ApiState, *, caller: Principal, idempotency_key: str | None
) -> Submitted:
    """Turn the JSON body of `POST /v1/jobs`, which has two forms, into a job.

    Raises:
        ApiError: the body cannot be read or is not valid; NOT_FOUND for an upload; VALIDATION
            for URLs where this deployment fetches nothing; UNSAFE_URL.
        HferError: what `seal` and `submit` raise.
    """
    raw = await read_json(request, limit=MAX_URLS_BYTES, stall_s=state.stall_s)
    body = await run_in_threadpool(_parse, raw)
    if isinstance(body, UploadedJob):
        upload = read_id(IdKind.UPLOAD, body.upload_id)
        return await run_in_threadpool(
            seal_as_job, state, upload, body.config, caller=caller, key=idempotency_key
        )
    return await _take_urls(state, body, caller=caller, idempotency_key=idempotency_key)


def _parse(raw: bytes) -> UploadedJob | UrlJob:
    form = parse_model(_Form, raw)
    if form.inputs is not None:
        return parse_model(UrlJob, raw)
    if form.upload_id is None:
        raise invalid_field("#/inputs", "Name photos by 'inputs', or an upload by 'upload_id'.")
    return parse_model(UploadedJob, raw)


def seal_as_job(
    state: ApiState, upload: uuid.UUID, config: JobConfig, *, caller: Principal, key: str | None
) -> Submitted:
    """Make a job of an upload: one, however often it is sealed, with an idempotency key or without.

    A key that is given must not belong to another request.

    Raises:
        HferError: what `seal` raises.
    """
    kept = config.kept(at_most=state.settings.retention.longest_inputs_s)
    wanted = Seal(
        config.options(), dict(config.labels), config.client_ref, kept, model=config.model
    )
    with unit_of_work(state.sessions) as session:
        check_live(session, caller)
        submitted = seal(
            session,
            caller.tenant,
            upload,
            wanted,
            idempotency_key=key,
            rules=state.rules,
            key_id=caller.key_row,
        )
        record_submission(session, caller, submitted)
    announce(state, submitted)
    return submitted


async def _take_urls(
    state: ApiState, body: UrlJob, *, caller: Principal, idempotency_key: str | None
) -> Submitted:
    """Make a job of photos that are still to be fetched."""
    if not state.settings.fetch.enabled:
        raise invalid_field("#/inputs", "This service fetches no URLs; send the photos themselves.")
    await run_in_threadpool(_check_urls, body.inputs, state)
    wanted = Submission(
        tenant=caller.tenant,
        key_id=caller.key_row,
        items=[_item(given) for given in body.inputs],
        options=body.config.options(),
        model=body.config.model,
        keep_photos_s=body.config.kept(at_most=state.settings.retention.longest_inputs_s),
        labels=body.config.labels,
        client_ref=body.config.client_ref,
        idempotency_key=idempotency_key,
    )
    return await run_in_threadpool(store, state, wanted, caller=caller)


def _check_urls(inputs: Sequence[UrlInput], state: ApiState) -> None:
    """Refuse what could never be fetched; where names lead is seen when they are."""
    policy, faults = fetch_policy(state.settings.fetch), []
    for place, given in enumerate(inputs):
        try:
            check_url(given.url, policy)
        except UrlBlockedError as error:
            faults.append(FieldError(pointer=pointer("inputs", place, "url"), detail=error.detail))
    if faults:
        raise ApiError(
            ProblemCode.UNSAFE_URL,
            f"{faults[0].pointer}: {faults[0].detail}",
            errors=faults[:_SHOWN_FAULTS],
        )


def _item(given: UrlInput) -> NewItem:
    return NewItem(
        public_id=new_uuid7(),
        filename=clean_filename(given.filename or _path_of(given.url)),
        sha256=None,
        byte_count=0,
        client_ref=given.client_ref,
        source_url=given.url,
    )


def _path_of(url: str) -> str:
    """Return the path below the host: the last part alone would not tell two folders apart."""
    return unquote(urlsplit(url).path).lstrip("/")
