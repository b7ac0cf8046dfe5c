"""A JSON submission: it names an upload, or photos by URL."""

from typing import Any

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from services.api.bodies import parse_model, read_json
from services.api.errors import invalid_field
from services.api.jobs.submission.sealing import UploadedJob, take_upload
from services.api.jobs.submission.urls import MAX_URLS_BYTES, UrlJob, take_urls
from services.api.state import ApiState
from services.common.jobs.submission import Submitted


class _Form(BaseModel):
    """Which of the two it is."""

    upload_id: Any = None
    inputs: Any = None


async def take_json(
    request: Request, state: ApiState, *, tenant: str, idempotency_key: str | None
) -> Submitted:
    """Turn a JSON body into a job.

    Raises:
        ApiError: the body cannot be read or is not valid.
        HferError: what `take_upload` and `take_urls` raise.
    """
    raw = await read_json(request, limit=MAX_URLS_BYTES, stall_s=state.stall_s)
    body = await run_in_threadpool(_parse, raw)
    if isinstance(body, UploadedJob):
        return await take_upload(state, body, tenant=tenant, idempotency_key=idempotency_key)
    return await take_urls(state, body, tenant=tenant, idempotency_key=idempotency_key)


def _parse(raw: bytes) -> UploadedJob | UrlJob:
    form = parse_model(_Form, raw)
    if form.inputs is not None:
        return parse_model(UrlJob, raw)
    if form.upload_id is None:
        raise invalid_field("#/inputs", "Name photos by 'inputs', or an upload by 'upload_id'.")
    return parse_model(UploadedJob, raw)
